// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is how a reference to the environment is written
import { describe, expect, it } from 'vitest';
import { jsonSchema } from './json-schema.ts';

interface Node {
  type?: string;
  description?: string;
  properties?: Record<string, Node>;
  items?: Node;
  anyOf?: Node[];
  oneOf?: Node[];
  const?: string;
  enum?: string[];
  pattern?: string;
  required?: string[];
  additionalProperties?: unknown;
  default?: unknown;
}

const root = jsonSchema() as Node & { $schema: string };

function at(...steps: string[]): Node {
  return steps.reduce<Node>((node, step) => (step === '[]' ? node.items! : node.properties![step]!), root);
}

describe('the JSON Schema', () => {
  it('describes the file for an editor', () => {
    expect(root.$schema).toBe('http://json-schema.org/draft-07/schema#');
    expect(root.required).toEqual(['name', 'duration', 'services', 'workloads']);
    expect(root.additionalProperties).toBe(false);
    expect(at('services', '[]', 'replicas', '[]').required).toBeUndefined();
    expect(at('services', '[]', 'replicas', '[]', 'weight')).toMatchObject({ type: 'number', minimum: 0, default: 1 });
    expect(at('workloads', '[]', 'request').oneOf!.map(form => form.required)).toEqual([['path'], ['protocol', 'method']]);
    expect(at('telemetry', 'period').default).toBe('500ms');
  });

  it('lets a duration be a number or a text with units or a reference', () => {
    const [number, text] = at('duration').anyOf!;
    expect(number).toMatchObject({ type: 'number', minimum: 0.001 });
    expect(text!.type).toBe('string');
    const pattern = new RegExp(text!.pattern!);
    for (const good of ['60s', '1m30s', '500ms', '${env:DURATION}']) expect(pattern.test(good)).toBe(true);
    for (const bad of ['-60s', 'soon', '60 s']) expect(pattern.test(bad)).toBe(false);
  });

  it('holds the forms of an arrival process', () => {
    const forms = at('workloads', '[]', 'arrival').anyOf!;
    expect(forms.map(form => form.required)).toEqual([
      ['distribution'],
      ['ticks', 'interval'],
      ['constant'],
      undefined,
      ['recorded'],
      ['concurrency'],
      ['requests'],
    ]);
    const profiles = forms[3]!.oneOf!;
    expect(profiles.map(form => form.properties!['profile']!.const)).toContain('randomwalk');
    expect(profiles.map(form => form.required)).toContainEqual(['profile', 'max_rps', 'period']);
    expect(forms[0]!.properties!['distribution']!.enum).toContain('expovariate');
  });

  it('explains every field', () => {
    const silent: string[] = [];
    const visit = (node: Node, path: string): void => {
      for (const [name, child] of Object.entries(node.properties ?? {})) {
        if (child.description === undefined) silent.push(`${path}.${name}`);
        visit(child, `${path}.${name}`);
      }
      if (node.items !== undefined) visit(node.items, `${path}[]`);
      for (const form of [...(node.anyOf ?? []), ...(node.oneOf ?? [])]) visit(form, path);
    };
    visit(root, '');
    expect(silent).toEqual([]);
  });
});
