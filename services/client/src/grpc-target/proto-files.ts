import { create } from '@bufbuild/protobuf';
import {
  type DescriptorProto,
  DescriptorProtoSchema,
  type EnumDescriptorProto,
  EnumDescriptorProtoSchema,
  type FieldDescriptorProto,
  FieldDescriptorProtoSchema,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Scalar,
  type ServiceDescriptorProto,
  ServiceDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';
import protobuf from 'protobufjs';
import { DescriptorError, linkedSet } from './linking.ts';
import { wellKnownFiles } from './well-known.ts';

// protobufjs reads .proto files; its own way to descriptors (ext/descriptor) loses imports and scopes of names, so that what it
// has read is put into descriptors here. What does not change how a message is encoded (comments, most options) is left out.

const scalars: Readonly<Record<string, Scalar>> = {
  double: Scalar.DOUBLE,
  float: Scalar.FLOAT,
  int64: Scalar.INT64,
  uint64: Scalar.UINT64,
  int32: Scalar.INT32,
  fixed64: Scalar.FIXED64,
  fixed32: Scalar.FIXED32,
  bool: Scalar.BOOL,
  string: Scalar.STRING,
  bytes: Scalar.BYTES,
  uint32: Scalar.UINT32,
  sfixed32: Scalar.SFIXED32,
  sfixed64: Scalar.SFIXED64,
  sint32: Scalar.SINT32,
  sint64: Scalar.SINT64,
};

/** `FieldsEntry` of a map field `fields`, as protoc names it. */
function entryName(field: string): string {
  const camel = field.replaceAll(/(?:^|_)([a-zA-Z0-9])/g, (_, first: string) => first.toUpperCase());
  return `${camel.replaceAll('_', '')}Entry`;
}

/** Type of a field, by the name that stands there. @throws DescriptorError if there is none of this name */
function typeOf(parent: protobuf.NamespaceBase, name: string, where: string): Pick<FieldDescriptorProto, 'type' | 'typeName'> {
  const scalar = scalars[name];
  if (scalar !== undefined) return { type: scalar, typeName: '' };
  const found = parent.lookup(name, [protobuf.Type, protobuf.Enum]);
  if (found === null) throw new DescriptorError(`${where}: found the type ${name}, which none of the files has`);
  if ('group' in found && found.group === true) {
    throw new DescriptorError(`${where}: found a group; allowed: fields without groups, or reflection`);
  }
  return { type: found instanceof protobuf.Enum ? Scalar.ENUM : Scalar.MESSAGE, typeName: found.fullName };
}

function fieldOf(field: protobuf.Field, index: number | undefined): FieldDescriptorProto {
  const parent = field.parent!;
  const where = field.fullName.replace(/^\./, '');
  const { packed, proto3_optional: optional, json_name: jsonName } = field.options ?? {};
  return create(FieldDescriptorProtoSchema, {
    name: field.name,
    number: field.id,
    label: field.repeated ? Label.REPEATED : field.toJSON().rule === 'required' ? Label.REQUIRED : Label.OPTIONAL,
    ...typeOf(parent, field.type, where),
    ...(index === undefined ? {} : { oneofIndex: index }),
    ...(optional === true && { proto3Optional: true }),
    ...(typeof jsonName === 'string' && { jsonName }),
    ...(typeof packed === 'boolean' && { options: { packed } }),
  });
}

/** A map is a repeated message with a key and a value. */
function mapOf(field: protobuf.MapField): { readonly field: FieldDescriptorProto; readonly entry: DescriptorProto } {
  const parent = field.parent!;
  const where = field.fullName.replace(/^\./, '');
  const name = entryName(field.name);
  const part = (partName: string, number: number, type: string) =>
    create(FieldDescriptorProtoSchema, { name: partName, number, label: Label.OPTIONAL, ...typeOf(parent, type, where) });
  return {
    field: create(FieldDescriptorProtoSchema, {
      ...{
        name: field.name,
        number: field.id,
        label: Label.REPEATED,
        type: Scalar.MESSAGE,
        typeName: `${parent.fullName}.${name}`,
      },
      ...(typeof field.options?.['json_name'] === 'string' && { jsonName: field.options['json_name'] }),
    }),
    entry: create(DescriptorProtoSchema, {
      ...{ name, options: { mapEntry: true }, field: [part('key', 1, field.keyType), part('value', 2, field.type)] },
    }),
  };
}

function messageOf(type: protobuf.Type): DescriptorProto {
  const { nestedArray, oneofsArray } = type;
  // What an extension has added is not part of the message.
  const fields = type.fieldsArray.filter(field => field.declaringField === null);
  // protoc puts those that it makes for optional fields behind the others.
  const oneofs = oneofsArray.toSorted((one, other) => Number(one.name.startsWith('_')) - Number(other.name.startsWith('_')));
  const indexOf = (field: protobuf.Field) => (field.partOf === null ? undefined : oneofs.indexOf(field.partOf));
  const maps = fields.filter(field => field instanceof protobuf.MapField).map(mapOf);
  const plain = fields.filter(field => !(field instanceof protobuf.MapField));
  return create(DescriptorProtoSchema, {
    name: type.name,
    field: [...plain.map(field => fieldOf(field, indexOf(field))), ...maps.map(({ field }) => field)],
    oneofDecl: oneofs.map(({ name }) => ({ name })),
    nestedType: [
      ...nestedArray.filter(nested => nested instanceof protobuf.Type).map(messageOf),
      ...maps.map(({ entry }) => entry),
    ],
    enumType: nestedArray.filter(nested => nested instanceof protobuf.Enum).map(enumOf),
  });
}

function enumOf({ name, values }: protobuf.Enum): EnumDescriptorProto {
  const value = Object.entries(values).map(([valueName, number]) => ({ name: valueName, number }));
  const allowAlias = new Set(Object.values(values)).size < value.length;
  return create(EnumDescriptorProtoSchema, { name, value, ...(allowAlias && { options: { allowAlias } }) });
}

function serviceOf(service: protobuf.Service): ServiceDescriptorProto {
  const method = service.methodsArray.map(({ name, requestType, responseType, requestStream, responseStream, fullName }) => ({
    name,
    inputType: typeOf(service, requestType, fullName.slice(1)).typeName,
    outputType: typeOf(service, responseType, fullName.slice(1)).typeName,
    clientStreaming: requestStream === true,
    serverStreaming: responseStream === true,
  }));
  return create(ServiceDescriptorProtoSchema, { name: service.name, method });
}

/** What a file has in it beside packages: with `filename` protobufjs marks what it read from where. */
function contentOf(namespace: protobuf.NamespaceBase, file: string): protobuf.ReflectionObject[] {
  return namespace.nestedArray.flatMap(object => {
    if (object instanceof protobuf.Type || object instanceof protobuf.Service) return object.filename === file ? [object] : [];
    if (object instanceof protobuf.Namespace) return contentOf(object, file);
    return object.filename === file ? [object] : [];
  });
}

/** Puts the names of a well-known file's types where those of other files are looked up. */
function declare(root: protobuf.Root, { messageType, enumType }: FileDescriptorProto): void {
  const google = root.define('google.protobuf');
  for (const { name } of messageType) if (google.get(name) === null) google.add(new protobuf.Type(name));
  for (const { name } of enumType) if (google.get(name) === null) google.add(new protobuf.Enum(name, {}));
}

interface ReadFile {
  readonly name: string;
  readonly package: string;
  readonly imports: readonly string[];
  readonly syntax: string;
}

/** `proto2` unless the file says otherwise; protobufjs does not tell. */
function syntaxOf(name: string, text: string): string {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '');
  const [, key, value] = /^\s*(syntax|edition)\s*=\s*["']([^"']*)["']/.exec(code) ?? [];
  if (key !== 'edition') return value ?? 'proto2';
  throw new DescriptorError(`${name}: found edition ${JSON.stringify(value)}; allowed: syntax proto2 or proto3, or reflection`);
}

function readFile(root: protobuf.Root, name: string, text: string): ReadFile {
  const syntax = syntaxOf(name, text);
  // The parser keeps the name of the file that it reads, for its messages and marks, in a variable of its own.
  Object.assign(protobuf.parse, { filename: name });
  try {
    const { package: packageName, imports = [], weakImports = [] } = protobuf.parse(text, root, { keepCase: true });
    return { name, package: packageName ?? '', imports: [...imports, ...weakImports], syntax };
  } catch (error) {
    throw new DescriptorError(`${name}: ${(error as Error).message}`, { cause: error });
  } finally {
    Object.assign(protobuf.parse, { filename: null });
  }
}

function fileOf(root: protobuf.Root, file: ReadFile): FileDescriptorProto {
  const content = contentOf(root, file.name);
  return create(FileDescriptorProtoSchema, {
    name: file.name,
    package: file.package,
    syntax: file.syntax,
    dependency: [...file.imports],
    messageType: content.filter(object => object instanceof protobuf.Type).map(messageOf),
    enumType: content.filter(object => object instanceof protobuf.Enum).map(enumOf),
    service: content.filter(object => object instanceof protobuf.Service).map(serviceOf),
  });
}

/**
 * Reads .proto files (proto2 or proto3), given by the names by which they import each other; google/protobuf/*.proto need not be
 * among them. @returns the bytes of a FileDescriptorSet. @throws DescriptorError
 */
export function readProtoFiles(texts: Readonly<Record<string, string>>): Uint8Array {
  const root = new protobuf.Root();
  const files = Object.entries(texts).map(([name, text]) => readFile(root, name, text));
  const known = wellKnownFiles();
  for (const file of known.values()) declare(root, file);
  for (const { name, imports } of files) {
    const missing = imports.find(imported => !Object.hasOwn(texts, imported) && !known.has(imported));
    if (missing === undefined) continue;
    const allowed = [...Object.keys(texts), 'google/protobuf/*.proto'].join(', ');
    throw new DescriptorError(`${name}: found import ${JSON.stringify(missing)}; allowed: ${allowed}`);
  }
  const others = [...known].flatMap(([name, file]) => (Object.hasOwn(texts, name) ? [] : [file]));
  return linkedSet([...others, ...files.map(file => fileOf(root, file))]);
}
