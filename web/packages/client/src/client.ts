/** The client itself: the parts put together. Runs wherever the store is, which is one worker of one tab. */
import type {
  Backup,
  Business,
  Calls,
  Chats,
  Contacts,
  Conversation,
  Devices,
  Groups,
  Live,
  Media,
  MessageView,
  Notifications,
  PlauderClient,
  Profile,
  SearchResults,
  Session,
} from "./api.ts";
import { ChatConversation } from "./conversation.ts";
import { BackupPart } from "./parts/backup.ts";
import { BusinessPart } from "./parts/business.ts";
import { CallsPart } from "./parts/calls.ts";
import { ChatsPart } from "./parts/chats.ts";
import { ContactsPart } from "./parts/contacts.ts";
import { DevicesPart } from "./parts/devices.ts";
import { GroupsPart } from "./parts/groups.ts";
import { type Home, Household, type Surroundings } from "./parts/household.ts";
import { MediaPart } from "./parts/media.ts";
import { NotificationsPart, ProfilePart } from "./parts/profile.ts";
import { SessionPart } from "./parts/session.ts";

export class LocalClient implements PlauderClient {
  readonly session: Session;
  readonly chats: Chats;
  readonly contacts: Contacts;
  readonly groups: Groups;
  readonly profile: Profile;
  readonly devices: Devices;
  readonly backup: Backup;
  readonly media: Media;
  readonly notifications: Notifications;
  readonly business: Business;
  readonly calls: Calls;
  readonly #household: Household;
  readonly #conversations = new Map<string, { home: Home; conversation: Conversation }>();

  constructor(around: Surroundings) {
    const household = new Household(around);
    this.#household = household;
    this.session = new SessionPart(household);
    this.chats = new ChatsPart(household);
    this.contacts = new ContactsPart(household);
    this.groups = new GroupsPart(household);
    this.profile = new ProfilePart(household);
    this.devices = new DevicesPart(household);
    this.backup = new BackupPart(household);
    this.media = new MediaPart(household);
    this.notifications = new NotificationsPart(household);
    this.business = new BusinessPart(household);
    this.calls = new CallsPart(household);
  }

  /** Open what was signed in here before. */
  wake(): Promise<void> {
    return this.#household.wake();
  }

  /** Whether a person looks at any of our windows. */
  setActive(active: boolean): void {
    this.#household.home?.account.active(active);
    if (active) this.session.reconnect();
  }

  conversation(id: string): Conversation {
    const home = this.#household.here;
    let known = this.#conversations.get(id);
    if (known?.home !== home) {
      known = { home, conversation: new ChatConversation(id, home.account, home.views, home.media) };
      this.#conversations.set(id, known);
    }
    return known.conversation;
  }

  get starred(): Live<readonly MessageView[] | undefined> {
    return this.#household.live("starred", ["starred"], ({ account, views }) =>
      views.messages(account.messages.starred()),
    );
  }

  async search(text: string): Promise<SearchResults> {
    return this.#household.here.views.search(text);
  }

  /** The connection ends; the store stays open. */
  stop(): void {
    this.#household.home?.account.stop();
  }

  async close(): Promise<void> {
    this.stop();
    this.#household.store.close();
  }
}
