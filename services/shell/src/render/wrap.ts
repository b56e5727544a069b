/** Breaks a text into lines of at most `width` characters: the first one begins with `first`, the others with as many spaces. */
export function wrap(text: string, width: number, first = ''): string {
  const indent = ' '.repeat(first.length);
  const room = Math.max(20, width - first.length);
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    // An own line break, and the indentation after it, is kept: it may be the output of a program.
    const lead = /^\s*/.exec(paragraph)?.[0] ?? '';
    for (const word of paragraph.trim().split(/\s+/)) {
      if (line !== '' && line.length + 1 + word.length > room) {
        lines.push(line);
        line = lead + word;
      } else line = line === '' ? lead + word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines.map((line, index) => (index === 0 ? first : indent) + line).join('\n');
}
