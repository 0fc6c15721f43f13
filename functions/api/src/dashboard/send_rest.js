// A job whose sender was interrupted: the same file, chosen again, is sent from where it stopped.
const CHUNK_SIZE_SAFE = 25;

function SendRest({ job, onPlan }) {
  const [source, setSource] = useState(sentFiles.get(job.id) || null);
  const [state, setState] = useState({});
  const announced = announcedItems(job);
  const send = async () => {
    if (state.isBusy) return;
    setState({ isBusy: true, lines: 0 });
    try {
      const plan = await restOf(source, job, (lines) => setState({ isBusy: true, lines }));
      // It is not the whole file that the job was started with, or has become longer since.
      if (announced !== null && plan.items !== announced) setState({ plan });
      else onPlan(plan);
    } catch (error) {
      setState({ error: fileError(error) });
    }
  };
  return html`<section class="panel" aria-labelledby="rest"><h2 id="rest">The rest of the file</h2>
    <p>${count(job.totalItems)}${announced ? ` of ${count(announced)}` : ""} items were sent so far. If nobody is sending the rest now, choose the file again: the page goes on where the sending stopped.</p>
    <${SentFile} id="rest-file" job=${job} source=${source} onSource=${setSource} />
    ${state.isBusy && html`<${Busy} says="Comparing the file with what was sent …">${counted(state.lines, "row")}<//>`}
    ${state.error && html`<${ErrorNote} error=${state.error} />`}
    ${state.plan && html`<${Ask} title="Send this file?" yes=${`Send ${counted(state.plan.items - state.plan.rest.items, "item")}`} onYes=${() => onPlan(state.plan)} onClose=${() => setState({})}>
      <p>When the job was started, its file had ${counted(announced, "item")}. This one has ${count(state.plan.items)}. What was sent so far is the same in both.</p><//>`}
    ${source && html`<p class="buttons"><button type="button" class="primary" aria-disabled=${String(Boolean(state.isBusy))} onClick=${send}>Send the rest</button></p>`}
  </section>`;
}

// What is left to send, as a plan.
async function restOf(source, job, say) {
  const parts = (await allParts(job.id)).sort((one, other) => one.firstIndex - other.firstIndex);
  const hasGap = parts.some((part, at) => part.part !== at || part.firstIndex !== (at === 0 ? 0 : endOf(parts[at - 1])));
  if (hasGap) throw new Error("Parts in the middle of the file are missing: whoever sends it has to go on, for example with “headway submit --continue”.");
  const hashes = new ItemHashes();
  const keyed = job.metadata?.itemsSha256;
  const whole = /^[0-9a-f]{64}$/.test(keyed) ? keyed : undefined;
  const items = await checkSent({ source, job, parts, hashes, whole, say, signal: new AbortController().signal });
  // Parts are cut for chunks of at most this many items; smaller ones than the job's only make more parts.
  const chunkSize = parts[0]?.chunkSize || CHUNK_SIZE_SAFE;
  return { source, items, hashes, chunkSize, canary: 0, rest: { job, parts: parts.length, items: parts.length ? endOf(parts.at(-1)) : 0 } };
}
