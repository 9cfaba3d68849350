"""What a schema cannot say of the Compose file. The argument: the file as podman-compose resolved it."""

import sys

import yaml

with open(sys.argv[1]) as file:
    compose = yaml.safe_load(file)
services = compose["services"]
wrong = []


def check(holds, what):
    if not holds:
        wrong.append(what)


check(set(services) == {"postgres", "coordinator", "worker", "worker-gpu"}, f"the services are {sorted(services)}")
for name, service in services.items():
    for secret in service.get("secrets", []):
        check(secret in compose["secrets"], f"{name}: there is no secret {secret}")
    for other, how in service.get("depends_on", {}).items():
        check(how["condition"] == "service_healthy" and "healthcheck" in services[other], f"{name}: does not wait for {other}")
    check(all("file" in secret for secret in compose["secrets"].values()), "a secret is not a file")
    if name == "postgres":
        check(service.get("network_mode") == "none", "Postgres, which asks for no password, is on a network")
        continue
    check(service.get("read_only") is True, f"{name}: its root file system can be written")
    check(service.get("cap_drop") == ["ALL"], f"{name}: keeps capabilities")
    check("no-new-privileges:true" in service.get("security_opt", []), f"{name}: may gain privileges")
    check(service.get("user") == "1000:1000", f"{name}: runs as {service.get('user')}")
    check(name == "coordinator" or "ports" not in service, f"{name}: can be reached from outside")
    words = [word.split("=", 1)[1] for word in service["command"] if "=/run/secrets/" in word]
    words += [value for value in service.get("environment", {}).values() if value.startswith("/run/secrets/")]
    for path in words:
        check(path.removeprefix("/run/secrets/") in service.get("secrets", []), f"{name}: {path} is not given to it")
check(all(port.startswith("127.0.0.1:") for port in services["coordinator"]["ports"]), "other machines reach the coordinator")

for what in wrong:
    print(f"compose.yaml: {what}", file=sys.stderr)
sys.exit(bool(wrong))
