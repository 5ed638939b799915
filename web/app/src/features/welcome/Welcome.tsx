import { Trans, useLingui } from "@lingui/react/macro";
import type { CodeRequest, NetworkInfo, VerifyOutcome } from "@plauder/client/api";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { QrCode } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useClient, useLive } from "../../lib/client.ts";
import { loadCountries } from "../../lib/phone.ts";
import { FrontPage } from "../../ui/FrontPage.tsx";
import { CodeStep } from "./CodeStep.tsx";
import { NumberStep } from "./NumberStep.tsx";
import { ProfileStep } from "./ProfileStep.tsx";
import { RestoreStep } from "./RestoreStep.tsx";

type Step = "number" | "code" | "profile" | "restore";
type Done = Extract<VerifyOutcome, { kind: "done" }>;

/** From a number to the first chat, in three steps. */
export function Welcome() {
  const { t } = useLingui();
  const client = useClient();
  const navigate = useNavigate();
  const { next } = useSearch({ from: "/welcome" });
  const session = useLive(client.session.state);
  const [network, setNetwork] = useState<NetworkInfo>();
  const [step, setStep] = useState<Step>("number");
  const [request, setRequest] = useState<CodeRequest>();
  const [shown, setShown] = useState("");
  const [backup, setBackup] = useState<Done["backup"]>();
  const busy = useRef(false);

  useEffect(() => {
    void client.session
      .network()
      .then(setNetwork)
      .catch(() => {
        // The number step says so when it is used.
      });
  }, [client]);

  const finish = () => void navigate({ href: next ?? "/chats", replace: true });
  const ready = session.kind === "ready";
  useEffect(() => {
    // Signed in already, not by this page.
    if (ready && step === "number" && !busy.current) finish();
  });

  const sent = async (made: CodeRequest) => {
    busy.current = true;
    setRequest(made);
    setShown((await loadCountries()).display(made.number));
    setStep("code");
  };
  const verified = (done: Done) => {
    setBackup(done.backup);
    setStep(done.backup ? "restore" : "profile");
  };
  const at = { number: 1, code: 2, restore: 3, profile: 3 }[step];
  const because = session.kind === "signed-out" ? session.because : undefined;
  return (
    <FrontPage domain={network?.domain}>
      <main
        id="main"
        className="flex w-full max-w-[400px] flex-1 flex-col rounded-[32px] bg-surface p-[22px] pt-[26px] shadow-2 ring-1 ring-line sm:min-h-[690px] sm:flex-none"
      >
        <div className="mb-7 flex gap-1.5" role="img" aria-label={t`Step ${at} of 3`}>
          {[1, 2, 3].map((one) => (
            <span
              key={one}
              className={`h-1 flex-1 rounded-full ${one <= at ? "bg-brand" : "bg-surface-3"}`}
            />
          ))}
        </div>
        {step === "number" && because && <Goodbye because={because} />}
        {step === "number" && <NumberStep network={network} onSent={sent} />}
        {step === "code" && request && (
          <CodeStep
            request={request}
            shown={shown}
            network={network}
            onAgain={setRequest}
            onVerified={verified}
            onChange={() => {
              busy.current = false;
              setStep("number");
            }}
          />
        )}
        {step === "restore" && backup && <RestoreStep backup={backup} onDone={finish} />}
        {step === "profile" && <ProfileStep onDone={finish} />}
        {step === "number" && (
          <Link to="/link" className="mt-4 inline-flex items-center justify-center gap-2 font-semibold">
            <QrCode size={18} aria-hidden />
            <Trans>Link to a phone that has Plauder</Trans>
          </Link>
        )}
      </main>
    </FrontPage>
  );
}

function Goodbye({ because }: { because: "logged-out" | "device-removed" | "account-deleted" }) {
  const { t } = useLingui();
  const words = {
    "logged-out": t`You are logged out. This device holds no messages any more.`,
    "device-removed": t`This device was unlinked from another one. It holds no messages any more.`,
    "account-deleted": t`Your account is deleted.`,
  };
  return (
    <p className="banner mb-4" role="status">
      {words[because]}
    </p>
  );
}
