import { z } from 'zod';
import { experimentSchema } from './schema.ts';

const reference = '|\\$\\{env:';

/**
 * The experiment file as a JSON Schema (draft 7, which editors know), made from the schema that validates it.
 * A text with `${env:NAME}` in it is accepted wherever a pattern is asked for, for its value is not known yet.
 */
export function jsonSchema(): object {
  const schema = z.toJSONSchema(experimentSchema, {
    io: 'input',
    target: 'draft-7',
    override: ({ jsonSchema: found, path }) => {
      // A schema inside another (an optional one, one with a default) is shown here more than once.
      if (found.pattern === undefined || found.pattern.endsWith(reference) || path.includes('propertyNames')) return;
      found.pattern += reference;
    },
  });
  return { ...schema, title: 'Galileo experiment' };
}
