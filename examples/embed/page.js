// The page asks its own server for a token, first and whenever the element says that the old one is over.
const shown = document.querySelector("headway-job");

async function post(path) {
  const answer = await fetch(path, { method: "POST" });
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  return answer.json();
}

function show(job) {
  shown.job = job;
  shown.hidden = false;
}

shown.addEventListener("headway-token-needed", async () => {
  try {
    shown.token = (await post(`imports/${shown.job}/token`)).token;
  } catch {
    shown.hidden = true;
    document.querySelector("#result").textContent = "This import cannot be shown.";
  }
});

shown.addEventListener("headway-end", ({ detail: job }) => {
  document.querySelector("#result").textContent = `${job.processedItems} of ${job.totalItems} contacts are there now.`;
});

document.querySelector("#import").addEventListener("click", async () => show((await post("imports")).job));

const job = new URLSearchParams(location.search).get("job");
if (job) show(job);
