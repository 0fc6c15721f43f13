// The other tabs of this browser that show the same page. A new one asks them for the token, so that a job can be opened beside the list.
// The token is stored nowhere for that. Signing in and out is for all of them.
function joinOtherTabs({ tokenToShare, onToken, onSignOut }) {
  if (typeof BroadcastChannel !== "function") return { say: () => {}, leave: () => {} };
  const channel = new BroadcastChannel(`headway ${BASE}`);
  channel.onmessage = ({ data }) => {
    if (data.asks && tokenToShare()) channel.postMessage({ token: tokenToShare() });
    if (data.token) onToken(data.token);
    if (data.signsOut) onSignOut();
  };
  return { say: (message) => channel.postMessage(message), leave: () => channel.close() };
}

// Says in time that the token ends.
const TOLD_BEFORE_END = 5 * MINUTE;
function TokenEnds({ token }) {
  const { exp } = claimsOf(token);
  const [isNear, setNear] = useState(false);
  useEffect(() => {
    if (!exp) return undefined;
    const look = () => setNear(exp * SECOND - clock.now() < TOLD_BEFORE_END);
    look();
    const timer = setInterval(look, 10 * SECOND);
    return () => clearInterval(timer);
  }, [exp]);
  return isNear && html`<${Note} tone="warn" title=${`Your token ends at ${timeOfDay(exp * SECOND)}.`}> Then you are asked to sign in again. What you have typed stays, and a file that is being sent goes on.<//>`;
}
