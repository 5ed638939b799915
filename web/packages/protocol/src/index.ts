/** Headless XMPP client. Import what you need from its module; this names what makes a connection. */
export { type Batch, type SavedStream, Session, type SessionState } from "./session.ts";
