// The JSON API, and changes as they come.

async function answer(response) {
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

function tell(lost) {
  connection.textContent = lost ? "connection lost, trying again" : "live";
  connection.classList.toggle("lost", lost);
}

// Calls `heard` with every event `name` of a path until the returned function is called.
export function listen(path, name, heard) {
  const source = new EventSource(`/api/v1${path}`);
  source.addEventListener("open", () => tell(false));
  source.addEventListener("error", () => tell(true));
  source.addEventListener(name, (event) => heard(JSON.parse(event.data)));
  source.addEventListener("end", () => {
    source.close();
    connection.textContent = "";
  });
  return () => source.close();
}
