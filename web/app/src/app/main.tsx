import "../ui/app.css";
import { i18n } from "@lingui/core";
import { I18nProvider } from "@lingui/react";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { connect } from "#connect";
import { ClientContext } from "../lib/client.ts";
import { preferences, watchLook } from "../lib/preferences.ts";
import { Toaster } from "../ui/Toaster.tsx";
import { CannotRun, whatIsLacking } from "./CannotRun.tsx";
import { activateLanguage } from "./i18n.ts";
import { makeRouter } from "./router.tsx";
import { StartFailed } from "./StartFailed.tsx";

async function start(): Promise<void> {
  watchLook();
  const root = createRoot(document.getElementById("root") as HTMLElement);
  await activateLanguage();
  preferences.subscribe(() => void activateLanguage());
  const lacking = whatIsLacking();
  if (lacking) {
    root.render(
      <I18nProvider i18n={i18n}>
        <CannotRun lacking={lacking} />
      </I18nProvider>,
    );
    return;
  }
  try {
    const client = await connect();
    const router = makeRouter(client);
    // Being signed in or out decides which screens there are.
    client.session.state.subscribe(() => void router.invalidate());
    root.render(
      <StrictMode>
        <I18nProvider i18n={i18n}>
          <ClientContext value={client}>
            <RouterProvider router={router} />
            <Toaster />
          </ClientContext>
        </I18nProvider>
      </StrictMode>,
    );
  } catch (error) {
    console.error(error);
    root.render(
      <I18nProvider i18n={i18n}>
        <StartFailed />
      </I18nProvider>,
    );
  }
  if ("serviceWorker" in navigator && import.meta.env.PROD) void navigator.serviceWorker.register("/sw.js");
}

void start();
