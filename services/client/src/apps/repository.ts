import { AppError } from './app-error.ts';

/** Seconds that the repository may take for its answer, and for a whole archive. */
const answerLimit = 10;
const downloadLimit = 60;
const mostDescriptionBytes = 1024 * 1024;

/** The repository's answer is too big. */
class SizeError extends Error {}

/** Reads a body; no more of it is kept than allowed. */
async function read(response: Response, most: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > most) throw new SizeError(`found more than ${most} bytes; allowed: up to ${most}`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function reasonOf(error: unknown, limit: number): string {
  if ((error as Error).name === 'TimeoutError') return `no answer within ${limit} s`;
  const cause = (error as Error).cause;
  return cause instanceof Error && cause.message !== '' ? cause.message : (error as Error).message;
}

/**
 * Downloads an app's archive as Galileo's own clients do: the repository is asked for the app first.
 * @throws (rejects with) AppError: `unknown` if the repository has none of this name.
 */
export async function download(repository: string, name: string, mostBytes: number): Promise<Buffer> {
  const base = `${repository}/api/apps/${encodeURIComponent(name)}`;

  async function get(url: string, most: number, limit: number): Promise<Buffer> {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(limit * 1000) });
      if (response.status === 404) throw new AppError('unknown', name, `neither in galileo_apps_dir nor at ${url}`);
      if (!response.ok) throw new AppError('unreachable', name, `${url} answered ${response.status}`);
      return await read(response, most);
    } catch (error) {
      if (error instanceof AppError) throw error;
      if (error instanceof SizeError) throw new AppError('broken', name, `${url}: ${error.message}`);
      throw new AppError('unreachable', name, `not in galileo_apps_dir, and ${url} can't be had: ${reasonOf(error, limit)}`, {
        cause: error,
      });
    }
  }

  const description = (await get(base, mostDescriptionBytes, answerLimit)).toString('utf8');
  let found: unknown;
  try {
    found = (JSON.parse(description) as { name?: unknown } | null)?.name;
  } catch {
    throw new AppError('broken', name, `${base}: found no JSON; allowed: JSON with the name of the app`);
  }
  if (found !== name) {
    throw new AppError('broken', name, `${base}: name: found ${JSON.stringify(found)}; allowed: ${JSON.stringify(name)}`);
  }
  return await get(`${base}/download`, mostBytes, downloadLimit);
}
