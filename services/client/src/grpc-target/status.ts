/**
 * HTTP statuses of gRPC's codes, as google.rpc.Code documents them (google/rpc/code.proto): a trace has room for an HTTP status.
 */
const statuses: readonly number[] = [
  200, // OK
  499, // CANCELLED
  500, // UNKNOWN
  400, // INVALID_ARGUMENT
  504, // DEADLINE_EXCEEDED
  404, // NOT_FOUND
  409, // ALREADY_EXISTS
  403, // PERMISSION_DENIED
  429, // RESOURCE_EXHAUSTED
  400, // FAILED_PRECONDITION
  409, // ABORTED
  400, // OUT_OF_RANGE
  501, // UNIMPLEMENTED
  500, // INTERNAL
  503, // UNAVAILABLE
  500, // DATA_LOSS
  401, // UNAUTHENTICATED
];

/** HTTP status of a `grpc-status`; that of UNKNOWN for a code that gRPC does not know, `undefined` if it is no code at all. */
export function httpStatus(grpcStatus: string | undefined): number | undefined {
  if (grpcStatus === undefined || !/^\d{1,9}$/.test(grpcStatus)) return undefined;
  return statuses[Number(grpcStatus)] ?? 500;
}
