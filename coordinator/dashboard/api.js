// The JSON API, and changes as they come.

async function answer(response) {
  // Who is not signed in is asked to, where there is something to sign in to.
  if (response.status === 401) location.assign("/session");
  const said = await response.json().catch(() => null);
  if (response.ok) return said;
  throw new Error(said?.detail ?? `the coordinator answered ${response.status}`);
}

export const get = async (path) => answer(await fetch(`/api/v1${path}`));

export const act = async (campaign, action) =>
  answer(
    await fetch(`/api/v1/campaigns/${campaign}/${action}`, {
      method: "POST",
      headers: { "x-superposed-action": "1" },
    }),
  );

const connection = document.getElementById("connection");

export function tell(lost) {
  connection.textContent = lost ? "connection lost, trying again" : "live";
  connection.classList.toggle("lost", lost);
}

export function tellNothing() {
  connection.textContent = "";
  connection.classList.remove("lost");
}

const RETRY_MS = 2_000;

// Calls `heard` with every event `name` of a path until the returned function is called.
export function listen(path, name, heard) {
  let source = null;
  let timer = null;
  const open = () => {
    source = new EventSource(`/api/v1${path}`);
    source.addEventListener("open", () => tell(false));
    source.addEventListener(name, (event) => heard(JSON.parse(event.data)));
    source.addEventListener("end", () => {
      source.close();
      tellNothing();
    });
    source.addEventListener("error", () => {
      tell(true);
      // A browser tries again by itself, but not after an answer that is no stream.
      if (source.readyState === EventSource.CLOSED) timer = setTimeout(open, RETRY_MS);
    });
  };
  open();
  return () => {
    clearTimeout(timer);
    source.close();
    tellNothing();
  };
}

// Calls `told` with what a search has found so far, and `over` with what went wrong, or nothing, at its end.
export function search(path, told, over) {
  const source = new EventSource(`/api/v1${path}`);
  const end = (problem) => {
    source.close();
    over(problem);
  };
  source.addEventListener("topics", (event) => told(JSON.parse(event.data)));
  source.addEventListener("problem", (event) => end(JSON.parse(event.data).detail));
  source.addEventListener("end", () => end());
  source.addEventListener("error", async () => {
    // The reason is in an answer that only another request gets to see.
    const reason = await get(path.replace(/\/topics\?.*/, "")).then(() => "the connection was lost: search again", (error) => error.message);
    end(reason);
  });
  return () => source.close();
}
