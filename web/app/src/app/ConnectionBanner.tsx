import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { RefreshCw, TriangleAlert, WifiOff } from "lucide-react";
import { useEffect, useState } from "react";
import { useClient, useLive } from "../lib/client.ts";
import { useErrorText } from "../lib/errors.ts";

/** So many messages are here before anybody could read that they come. */
const FEW = 20;

/** Says when the network is not with us; a reconnect of a moment is not worth a word. */
export function ConnectionBanner() {
  const { t } = useLingui();
  const { session } = useClient();
  const explain = useErrorText();
  const connection = useLive(session.connection);
  const [late, setLate] = useState(false);
  const away = connection.state !== "online";
  useEffect(() => {
    if (!away) {
      setLate(false);
      return;
    }
    const timer = setTimeout(() => setLate(true), connection.state === "offline" ? 300 : 2500);
    return () => clearTimeout(timer);
  }, [away, connection.state]);

  const { catchUp, queued, problem } = connection;
  let banner = null;
  if (catchUp && catchUp.done > FEW)
    banner = (
      <div className="banner m-2 mb-0">
        <RefreshCw size={16} aria-hidden />
        <span className="sr">
          <Trans>Fetching what came while you were away.</Trans>
        </span>
        {/* Read out once, not with every number. */}
        <span aria-hidden>
          <Plural
            value={catchUp.done}
            one="Fetching what came while you were away: # message so far"
            other="Fetching what came while you were away: # messages so far"
          />
        </span>
      </div>
    );
  else if (away && late && problem === "storage-full")
    banner = (
      <div className="banner danger m-2 mb-0">
        <TriangleAlert size={16} aria-hidden />
        <span>{explain("storage-full")}</span>
      </div>
    );
  else if (away && late && problem === "server-unreachable" && navigator.onLine)
    banner = (
      <div className="banner danger m-2 mb-0">
        <TriangleAlert size={16} aria-hidden />
        <span>
          <Trans>The server can’t be reached. We keep trying.</Trans>
        </span>
        <button type="button" onClick={() => session.reconnect()}>
          {t`Try now`}
        </button>
      </div>
    );
  else if (away && late && problem === "refused")
    banner = (
      <div className="banner danger m-2 mb-0">
        <TriangleAlert size={16} aria-hidden />
        <span>
          <Trans>The server does not let you in now. What is here can be read.</Trans>
        </span>
        <button type="button" onClick={() => session.reconnect()}>
          {t`Try now`}
        </button>
      </div>
    );
  else if (away && late)
    banner = (
      <div className="banner warn m-2 mb-0">
        <WifiOff size={16} aria-hidden />
        <span>
          {queued > 0 ? (
            <Plural
              value={queued}
              one="No connection. You can read and write; # message waits."
              other="No connection. You can read and write; # messages wait."
            />
          ) : (
            <Trans>No connection. You can read and write.</Trans>
          )}
        </span>
        <button type="button" onClick={() => session.reconnect()}>
          {t`Try now`}
        </button>
      </div>
    );
  return <div role="status">{banner}</div>;
}
