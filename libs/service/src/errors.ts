import { ServerError, Status } from 'nice-grpc';

// The gRPC statuses that handlers answer with. Messages name the thing, the value and what is allowed.

/** A field of the request does not fit. */
export const invalidArgument = (message: string) => new ServerError(Status.INVALID_ARGUMENT, message);

/** What the request names does not exist. */
export const notFound = (message: string) => new ServerError(Status.NOT_FOUND, message);

/** What the request names exists already. */
export const alreadyExists = (message: string) => new ServerError(Status.ALREADY_EXISTS, message);

/** The request fits, but not the state that things are in. */
export const failedPrecondition = (message: string) => new ServerError(Status.FAILED_PRECONDITION, message);

/** Something that the call depends on is away. */
export const unavailable = (message: string) => new ServerError(Status.UNAVAILABLE, message);

/** The call took too long. */
export const deadlineExceeded = (message: string) => new ServerError(Status.DEADLINE_EXCEEDED, message);
