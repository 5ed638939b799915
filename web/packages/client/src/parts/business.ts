/** The business platform's API for people, with this device's credential. */
import { type Business, type BusinessBody, ClientError } from "../api.ts";
import type { Household } from "./household.ts";

export class BusinessPart implements Business {
  readonly #household: Household;

  constructor(household: Household) {
    this.#household = household;
  }

  call<T>(method: string, path: string, body?: BusinessBody): Promise<T> {
    return this.#ask(path, (whole) => this.#household.around.api.call<T>(method, whole, body));
  }

  download(path: string): Promise<Uint8Array<ArrayBuffer>> {
    return this.#ask(path, (whole) => this.#household.around.api.bytes("GET", whole));
  }

  upload<T>(method: string, path: string, bytes: Uint8Array<ArrayBuffer>): Promise<T> {
    return this.#ask(path, async (whole) => {
      const answer = await this.#household.around.api.bytes(method, whole, bytes);
      return (answer.length ? JSON.parse(new TextDecoder().decode(answer)) : undefined) as T;
    });
  }

  async #ask<T>(path: string, send: (whole: string) => Promise<T>): Promise<T> {
    // Asking for `here` says so when nobody is signed in.
    void this.#household.here;
    // Nothing but this part of the API can be reached from here.
    if ((path !== "" && !/^[/?]/u.test(path)) || path.split(/[?#]/u)[0]?.split("/").includes(".."))
      throw new ClientError("not-found", "no such path");
    try {
      return await send(`/business${path}`);
    } catch (error) {
      if (error instanceof ClientError && REFUSALS.has(error.code))
        throw new ClientError("refused", error.message, error.details);
      throw error;
    }
  }
}

/** What `AccountApi` makes of a body that the server does not accept: here the server's own words tell more. */
const REFUSALS: ReadonlySet<string> = new Set(["invalid-number", "conflict"]);
