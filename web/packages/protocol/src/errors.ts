/** Everything that can go wrong between us and the network, as classes with a stable `code`. */

export abstract class ProtocolError extends Error {
  /** A stable word for programs; the message is for people who read logs. */
  abstract readonly code: string;
  override get name(): string {
    return this.constructor.name;
  }
}

export class MalformedXml extends ProtocolError {
  readonly code = "malformed-xml";
}

export class InvalidJid extends ProtocolError {
  readonly code = "invalid-jid";
}

/** The connection went away before the answer came. The request may or may not have been carried out. */
export class ConnectionLost extends ProtocolError {
  readonly code = "connection-lost";
}

export class NotConnected extends ProtocolError {
  readonly code = "not-connected";
}

export class RequestTimeout extends ProtocolError {
  readonly code = "request-timeout";
}

/** The peer said something the protocol does not allow at this point. */
export class ProtocolViolation extends ProtocolError {
  readonly code = "protocol-violation";
}

/** RFC 6120 §4.9: the server closed the stream and said why. */
export class StreamError extends ProtocolError {
  readonly code = "stream-error";
  readonly condition: string;
  constructor(condition: string, text?: string) {
    super(text ? `${condition}: ${text}` : condition);
    this.condition = condition;
  }
}

/** RFC 6120 §6.5: the server refused our credential (or the mechanism). */
export class AuthenticationFailed extends ProtocolError {
  readonly code = "authentication-failed";
  readonly condition: string;
  constructor(condition: string, text?: string) {
    super(text ? `${condition}: ${text}` : condition);
    this.condition = condition;
  }
}

/** The server could not prove that it knows the credential, or its offer was tampered with. */
export class ServerNotGenuine extends ProtocolError {
  readonly code = "server-not-genuine";
}

export type StanzaErrorType = "auth" | "cancel" | "continue" | "modify" | "wait";

/** RFC 6120 §8.3: an answer of type `error`. */
export class StanzaError extends ProtocolError {
  readonly code = "stanza-error";
  readonly type: StanzaErrorType;
  readonly condition: string;
  readonly text: string | undefined;
  /** Name of the application-specific condition, such as `precondition-not-met`. */
  readonly app: string | undefined;
  /** Its namespace, which an error of ours must have to be said. */
  readonly appNs: string | undefined;
  constructor(type: StanzaErrorType, condition: string, text?: string, app?: string, appNs?: string) {
    super(text ? `${condition}: ${text}` : condition);
    this.type = type;
    this.condition = condition;
    this.text = text;
    this.app = app;
    this.appNs = appNs;
  }
}

/** An HTTP exchange (upload, account API) that did not succeed. `status` 0: no answer at all. */
export class HttpError extends ProtocolError {
  readonly code = "http-error";
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
