/** Attachments on this device. */
import { type BlobLike, ClientError, type Media, type MessageView } from "../api.ts";
import type { Household } from "./household.ts";

export class MediaPart implements Media {
  readonly #household: Household;

  constructor(household: Household) {
    this.#household = household;
  }

  async open(message: MessageView): Promise<BlobLike> {
    const { account, media } = this.#household.here;
    // Nothing of a stranger's is fetched before the person said yes.
    if (account.messages.chat(message.chat)?.is_request) throw new ClientError("not-allowed");
    return await media.open(message.id);
  }

  async stop(message: MessageView): Promise<void> {
    await this.#household.here.media.stop(message.id);
  }

  async usage(): ReturnType<Media["usage"]> {
    const { views, account } = this.#household.here;
    const { sql } = account.store;
    const pages =
      sql.value<number>("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()") ?? 0;
    const rows = sql.all<{ chat: string; bytes: number }>(
      "SELECT chat, sum(bytes) AS bytes FROM media WHERE state = 'here' GROUP BY chat ORDER BY bytes DESC",
    );
    const byChat = rows.map(({ chat, bytes }) => ({ chat, bytes, name: views.chatById(chat)?.name ?? chat }));
    const storage = globalThis.navigator?.storage as StorageManager | undefined;
    const [estimate, persisted] = await Promise.all([storage?.estimate?.(), storage?.persisted?.()]);
    return {
      messages: pages,
      media: rows.reduce((sum, { bytes }) => sum + bytes, 0),
      ...(estimate?.quota !== undefined && { quota: estimate.quota }),
      persisted: persisted ?? false,
      byChat,
    };
  }

  async free(chat?: string): Promise<void> {
    await this.#household.here.media.free(chat);
  }
}
