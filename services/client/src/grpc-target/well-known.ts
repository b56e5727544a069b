import { clone } from '@bufbuild/protobuf';
import type { FileDescriptorProto } from '@bufbuild/protobuf/wkt';
import * as wellKnown from '@bufbuild/protobuf/wkt';

/** google/protobuf/*.proto by their names, which everybody has and need not be given. */
export function wellKnownFiles(): ReadonlyMap<string, FileDescriptorProto> {
  return new Map(
    Object.values(wellKnown).flatMap(value =>
      typeof value === 'object' && 'kind' in value && value.kind === 'file'
        ? [[`${value.proto.name}`, clone(wellKnown.FileDescriptorProtoSchema, value.proto)] as const]
        : [],
    ),
  );
}
