import { ClientError, type PlauderClient } from "@plauder/client/api";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { NotFound } from "./NotFound.tsx";
import { Opening } from "./Opening.tsx";
import { Shell } from "./Shell.tsx";
import { StartFailed } from "./StartFailed.tsx";

interface Context {
  client: PlauderClient;
}

/** What the pane beside a chat shows. */
export interface ChatSearchParams {
  pane?: "info" | "safety" | "media" | "message" | undefined;
  message?: string | undefined;
  at?: string | undefined;
}

const root = createRootRouteWithContext<Context>()({ component: Outlet, notFoundComponent: NotFound });

/** While the store opens we do not know yet; the first answer decides. */
async function settled(client: PlauderClient): Promise<"ready" | "signed-out" | "failed"> {
  const { state } = client.session;
  const now = state.get().kind;
  if (now !== "loading") return now;
  return new Promise((resolve) => {
    const stop = state.subscribe(() => {
      const { kind } = state.get();
      if (kind === "loading") return;
      stop();
      resolve(kind);
    });
  });
}

async function signedIn(client: PlauderClient, href: string): Promise<void> {
  const kind = await settled(client);
  const state = client.session.state.get();
  if (state.kind === "failed") throw new ClientError(state.code, "The store could not be opened");
  if (kind === "signed-out")
    throw redirect({
      to: "/welcome",
      // Who logged out in the settings begins anew with the chats.
      search: /^\/(?:chats\/|write\/|business)/u.test(href) ? { next: href } : {},
    });
}

const inside = createRoute({
  getParentRoute: () => root,
  id: "inside",
  component: Shell,
  beforeLoad: ({ context, location }) => signedIn(context.client, location.href),
});

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/chats", replace: true });
  },
});

const welcome = createRoute({
  getParentRoute: () => root,
  path: "/welcome",
  validateSearch: (search: Record<string, unknown>): { next?: string } =>
    typeof search.next === "string" && /^\/(?![/\\])/u.test(search.next) ? { next: search.next } : {},
  component: lazyRouteComponent(() => import("../features/welcome/Welcome.tsx"), "Welcome"),
});

const link = createRoute({
  getParentRoute: () => root,
  path: "/link",
  component: lazyRouteComponent(() => import("../features/welcome/LinkThis.tsx"), "LinkThis"),
});

const invite = createRoute({
  getParentRoute: () => root,
  path: "/i/$token",
  component: lazyRouteComponent(() => import("../features/invite/Invite.tsx"), "Invite"),
});

/** Accounts invite with the token as a fragment, which no server ever sees; groups with a path. */
const inviteLink = createRoute({
  getParentRoute: () => root,
  path: "/invite",
  beforeLoad: ({ location }) => {
    throw redirect({ to: "/i/$token", params: { token: location.hash }, replace: true });
  },
});

const groupLink = createRoute({
  getParentRoute: () => root,
  path: "/invite/$token",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/i/$token", params, replace: true });
  },
});

const chats = createRoute({
  getParentRoute: () => inside,
  id: "chats-pane",
  component: lazyRouteComponent(() => import("./screens/ChatsScreen.tsx"), "ChatsScreen"),
});

const nothingOpen = lazyRouteComponent(() => import("./screens/NothingOpen.tsx"), "NothingOpen");
const chatIndex = createRoute({ getParentRoute: () => chats, path: "/chats", component: nothingOpen });
const archived = createRoute({ getParentRoute: () => chats, path: "/archived", component: nothingOpen });

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** How long messages are kept at hand for a chat that is about to show. */
const SHOWS_WITHIN = 5000; // ms

const chat = createRoute({
  getParentRoute: () => chats,
  path: "/chats/$chat",
  // The messages are asked for at once, while the screen is being made; it finds them or waits for them.
  loader: ({ context, params, preload }) => {
    if (preload) return;
    const stop = context.client.conversation(params.chat).subscribe(() => undefined);
    setTimeout(stop, SHOWS_WITHIN);
  },
  validateSearch: (search: Record<string, unknown>): ChatSearchParams => ({
    pane: (["info", "safety", "media", "message"] as const).find((one) => one === search.pane),
    message: text(search.message),
    at: text(search.at),
  }),
  component: lazyRouteComponent(() => import("./screens/ChatScreen.tsx"), "ChatScreen"),
});

const writeTo = createRoute({
  getParentRoute: () => inside,
  path: "/write/$address",
  validateSearch: (search: Record<string, unknown>): { text?: string } =>
    typeof search.text === "string" ? { text: search.text.slice(0, 1000) } : {},
  component: lazyRouteComponent(() => import("../features/contacts/WriteTo.tsx"), "WriteTo"),
});

const people = createRoute({
  getParentRoute: () => inside,
  path: "/people",
  component: lazyRouteComponent(() => import("../features/contacts/People.tsx"), "People"),
});

const calls = createRoute({
  getParentRoute: () => inside,
  path: "/calls",
  component: lazyRouteComponent(() => import("../features/calls/CallLog.tsx"), "CallLog"),
});

const starred = createRoute({
  getParentRoute: () => inside,
  path: "/starred",
  component: lazyRouteComponent(() => import("../features/starred/Starred.tsx"), "Starred"),
});

const settings = createRoute({
  getParentRoute: () => inside,
  path: "/settings",
  component: lazyRouteComponent(() => import("../features/settings/Settings.tsx"), "Settings"),
});

/** Where there is room beside the list, it is not left empty. */
const settingsIndex = createRoute({
  getParentRoute: () => settings,
  path: "/",
  component: lazyRouteComponent(() => import("../features/settings/ProfileSettings.tsx"), "ProfileSettings"),
});

const section = <const Path extends string>(
  path: Path,
  load: () => Promise<Record<string, unknown>>,
  name: string,
) =>
  createRoute({
    getParentRoute: () => settings,
    path,
    component: lazyRouteComponent(load as () => Promise<Record<string, React.ComponentType>>, name),
  });

const sections = [
  section("profile", () => import("../features/settings/ProfileSettings.tsx"), "ProfileSettings"),
  section("account", () => import("../features/settings/AccountSettings.tsx"), "AccountSettings"),
  section("privacy", () => import("../features/settings/PrivacySettings.tsx"), "PrivacySettings"),
  section("look", () => import("../features/settings/LookSettings.tsx"), "LookSettings"),
  section(
    "notifications",
    () => import("../features/notifications/NotificationSettings.tsx"),
    "NotificationSettings",
  ),
  section("storage", () => import("../features/settings/StorageSettings.tsx"), "StorageSettings"),
  section("devices", () => import("../features/devices/Devices.tsx"), "Devices"),
  section("backup", () => import("../features/backup/Backup.tsx"), "Backup"),
  section("keys", () => import("../features/settings/KeysHelp.tsx"), "KeysHelp"),
] as const;

const businesses = createRoute({
  getParentRoute: () => root,
  path: "/business",
  component: lazyRouteComponent(() => import("../features/business/Businesses.tsx"), "Businesses"),
  beforeLoad: ({ context, location }) => signedIn(context.client, location.href),
});

const business = createRoute({
  getParentRoute: () => root,
  path: "/business/$business",
  component: lazyRouteComponent(() => import("../features/business/Frame.tsx"), "Frame"),
  beforeLoad: ({ context, location }) => signedIn(context.client, location.href),
});

const desk = <const Path extends string>(
  path: Path,
  load: () => Promise<Record<string, unknown>>,
  name: string,
) =>
  createRoute({
    getParentRoute: () => business,
    path,
    component: lazyRouteComponent(load as () => Promise<Record<string, React.ComponentType>>, name),
  });

const desks = [
  desk("/", () => import("../features/business/Setup.tsx"), "Setup"),
  desk("sandbox", () => import("../features/business/Sandbox.tsx"), "Sandbox"),
  desk("templates", () => import("../features/business/Templates.tsx"), "Templates"),
  desk("journal", () => import("../features/business/Journal.tsx"), "Journal"),
  desk("numbers", () => import("../features/business/Numbers.tsx"), "Numbers"),
  desk("numbers/$number", () => import("../features/business/NumberProfile.tsx"), "NumberProfile"),
  desk("team", () => import("../features/business/Team.tsx"), "Team"),
  desk("billing", () => import("../features/business/Billing.tsx"), "Billing"),
] as const;

const tree = root.addChildren([
  home,
  welcome,
  link,
  invite,
  inviteLink,
  groupLink,
  businesses,
  business.addChildren([...desks]),
  inside.addChildren([
    chats.addChildren([chatIndex, archived, chat]),
    writeTo,
    people,
    calls,
    starred,
    settings.addChildren([settingsIndex, ...sections]),
  ]),
]);

/** Everything is text: the router's own reader would take digits that somebody wrote for a number. */
export function readQuery(query: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(query));
}

export function writeQuery(search: Record<string, unknown>): string {
  const given = Object.entries(search).filter(([, value]) => value !== undefined);
  const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return query && `?${query}`;
}

export function makeRouter(client: PlauderClient) {
  return createRouter({
    routeTree: tree,
    context: { client },
    defaultPreload: "intent",
    pathParamsAllowedCharacters: ["@"],
    parseSearch: readQuery,
    stringifySearch: writeQuery,
    defaultErrorComponent: StartFailed,
    defaultPendingComponent: Opening,
    defaultPendingMs: 300,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
