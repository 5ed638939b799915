/** Web Push of this browser: subscribed with the server's own key, told to the server, ended when turned off. */

import type { Notifications } from "@plauder/client/api";

function bytes(base64url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** Without a service worker, a key or the browser's push service, notices still come while the app is open. */
export async function pushOn(notifications: Notifications): Promise<void> {
  const key = await notifications.vapidKey();
  const registration = await navigator.serviceWorker?.getRegistration();
  if (!key || !registration?.pushManager) return;
  try {
    const subscription = await registration.pushManager.subscribe({
      userVisibleOnly: true,
      applicationServerKey: bytes(key),
    });
    const { endpoint, keys } = subscription.toJSON();
    if (endpoint && keys?.p256dh && keys.auth)
      await notifications.register({ endpoint, keys: { p256dh: keys.p256dh, auth: keys.auth } });
  } catch (error) {
    if (error instanceof DOMException) return; // the browser's push service is not to be had
    throw error;
  }
}

export async function pushOff(notifications: Notifications): Promise<void> {
  const registration = await navigator.serviceWorker?.getRegistration();
  const subscription = await registration?.pushManager?.getSubscription();
  await subscription?.unsubscribe();
  await notifications.register(null);
}
