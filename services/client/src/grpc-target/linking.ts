import { create, toBinary } from '@bufbuild/protobuf';
import {
  type DescriptorProto,
  type FieldDescriptorProto,
  type FileDescriptorProto,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';

/** What is wrong with descriptors, a method, or the message for it. */
export class DescriptorError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DescriptorError';
  }
}

/** Full names of a file's messages and enums, as `.package.Message.Nested`. */
function typesOf(file: FileDescriptorProto): string[] {
  const inside = (scope: string, { name, nestedType, enumType }: DescriptorProto): string[] => {
    const own = `${scope}.${name}`;
    return [own, ...nestedType.flatMap(nested => inside(own, nested)), ...enumType.map(nested => `${own}.${nested.name}`)];
  };
  const scope = scopeOf(file);
  return [...file.messageType.flatMap(type => inside(scope, type)), ...file.enumType.map(type => `${scope}.${type.name}`)];
}

const scopeOf = (file: FileDescriptorProto) => (file.package === '' ? '' : `.${file.package}`);

/** Name of a field in JSON, as protoc gives it. */
function nameInJson(name: string): string {
  return name.replaceAll(/_+([a-z])?/g, (_, letter: string | undefined) => letter?.toUpperCase() ?? '');
}

/** Links one file: makes its references absolute, and its imports those that it needs. */
function link(file: FileDescriptorProto, owners: ReadonlyMap<string, FileDescriptorProto>): void {
  const imports = new Set<string>();

  /** A name without a dot before it is looked up from the innermost scope outwards (descriptor.proto, `type_name`). */
  function absolute(scope: string, name: string): string {
    let found = name.startsWith('.') ? name : `${scope}.${name}`;
    for (let outer = scope; !owners.has(found) && outer !== '' && !name.startsWith('.'); found = `${outer}.${name}`) {
      outer = outer.slice(0, outer.lastIndexOf('.'));
    }
    const owner = owners.get(found);
    if (owner === undefined) throw new DescriptorError(`${file.name}: found the type ${name}, which none of the files has`);
    if (owner !== file) imports.add(owner.name);
    return found;
  }

  function linkField(scope: string, field: FieldDescriptorProto): void {
    if (field.typeName !== '') field.typeName = absolute(scope, field.typeName);
    field.jsonName ||= nameInJson(field.name);
  }

  function linkMessage(scope: string, message: DescriptorProto): void {
    const own = `${scope}.${message.name}`;
    message.extension = [];
    for (const field of message.field) linkField(own, field);
    for (const nested of message.nestedType) linkMessage(own, nested);
  }

  const scope = scopeOf(file);
  file.extension = [];
  for (const message of file.messageType) linkMessage(scope, message);
  for (const method of file.service.flatMap(service => service.method)) {
    method.inputType = absolute(scope, method.inputType);
    method.outputType = absolute(scope, method.outputType);
  }
  file.dependency = [...imports];
  file.publicDependency = [];
  file.weakDependency = [];
}

/**
 * Makes of files, which it changes, the bytes of a FileDescriptorSet in which everything is found. What other programs leave
 * out is put in: those in C++ the names in JSON, those in JavaScript the imports and the scopes of names. Extensions, of which
 * messages in JSON make no use, are left out.
 * @throws DescriptorError for a type that none of them has, and for files that need each other
 */
export function linkedSet(files: readonly FileDescriptorProto[]): Uint8Array {
  const owners = new Map(files.flatMap(file => typesOf(file).map(type => [type, file] as const)));
  for (const file of files) link(file, owners);
  const byName = new Map(files.map(file => [file.name, file]));
  const ordered = new Set<FileDescriptorProto>();
  const visit = (file: FileDescriptorProto, importers: readonly string[]) => {
    if (ordered.has(file)) return;
    const path = [...importers, file.name];
    if (importers.includes(file.name)) throw new DescriptorError(`${path.join(' imports ')}; allowed: imports without a circle`);
    for (const name of file.dependency) visit(byName.get(name)!, path);
    ordered.add(file);
  };
  for (const file of files) visit(file, []);
  return toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file: [...ordered] }));
}
