"""What schemas cannot say of an overlay's resources, and KEDA's resources as TypeScript.

Arguments: the overlay as built; where Kubernetes' own kinds go; where KEDA's go, as literals of their types.
"""

import json
import sys

import yaml

built, own, keda = sys.argv[1:]
with open(built) as file:
    resources = [resource for resource in yaml.safe_load_all(file) if resource]
wrong = []


def of(kind):
    return [resource for resource in resources if resource["kind"] == kind]


def check(holds, what):
    if not holds:
        wrong.append(what)


def matches(selector, labels):
    return all(labels.get(key) == value for key, value in (selector or {}).items())


deployments = of("Deployment")
pods = {deployment["metadata"]["name"]: deployment["spec"]["template"] for deployment in deployments}
check(set(pods) == {"superposed-coordinator", "superposed-worker"}, f"the deployments are {sorted(pods)}")
check(not of("Secret"), "a secret is contained, where it should be referenced")
for resource in resources:
    where = f"{resource['kind']} {resource['metadata']['name']}"
    check(resource["kind"] == "Namespace" or resource["metadata"].get("namespace") == "superposed", f"{where}: no namespace")

for deployment in deployments:
    name, template = deployment["metadata"]["name"], deployment["spec"]["template"]
    spec = template["spec"]
    check(matches(deployment["spec"]["selector"]["matchLabels"], template["metadata"]["labels"]), f"{name} selects no pod of its own")
    check(spec["automountServiceAccountToken"] is False, f"{name}: pods get the account's token")
    check(spec["securityContext"].get("runAsNonRoot") is True, f"{name}: may run as root")
    check(spec["securityContext"].get("seccompProfile") == {"type": "RuntimeDefault"}, f"{name}: no seccomp profile")
    check(spec["serviceAccountName"] in {account["metadata"]["name"] for account in of("ServiceAccount")}, f"{name}: no account")
    volumes = {volume["name"] for volume in spec["volumes"]}
    claims = {claim["metadata"]["name"] for claim in of("PersistentVolumeClaim")}
    for volume in spec["volumes"]:
        claim = volume.get("persistentVolumeClaim")
        check(not claim or claim["claimName"] in claims, f"{name}: there is no claim {claim}")
    for container in spec["containers"]:
        security = container["securityContext"]
        check(security.get("readOnlyRootFilesystem") is True, f"{name}: its root file system can be written")
        check(security.get("allowPrivilegeEscalation") is False, f"{name}: may gain privileges")
        check(security.get("capabilities") == {"drop": ["ALL"]}, f"{name}: keeps capabilities")
        check("/" in container["image"] and ":" in container["image"].rsplit("/", 1)[1], f"{name}: {container['image']} is no image")
        check({"cpu", "memory"} <= set(container["resources"]["requests"]), f"{name}: asks for no resources")
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        for probe in ("livenessProbe", "startupProbe", "readinessProbe"):
            if probe in container:
                check(container[probe]["httpGet"]["port"] in ports, f"{name}: {probe} asks a port that is not there")
        said = " ".join(container["args"])
        for number in ports.values():
            check(f":{number}" in said, f"{name}: nothing listens on {number}")
        mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        check(set(mounts) == volumes, f"{name}: volumes {sorted(volumes ^ set(mounts))} are not mounted or not there")
        files = [word.split("=", 1)[1] for word in container["args"] if "=/" in word]
        files += [entry["value"] for entry in container.get("env", []) if entry.get("value", "").startswith("/")]
        for path in files:
            check(any(path.startswith(f"{mount}/") for mount in mounts.values()), f"{name}: {path} is in no volume")

coordinator, worker = pods["superposed-coordinator"], pods["superposed-worker"]
for service in of("Service"):
    check(matches(service["spec"]["selector"], coordinator["metadata"]["labels"]), "the service has no coordinator")
    names = {port["name"] for port in coordinator["spec"]["containers"][0]["ports"]}
    check(all(port["targetPort"] in names for port in service["spec"]["ports"]), "the service leads to a port that is not there")
for budget in of("PodDisruptionBudget"):
    check(matches(budget["spec"]["selector"]["matchLabels"], coordinator["metadata"]["labels"]), "the budget has no coordinator")
    check(budget["spec"]["minAvailable"] < 2, "the budget would let no machine be drained")

policies = {policy["metadata"]["name"]: policy["spec"] for policy in of("NetworkPolicy")}
check(
    any(not spec["podSelector"] and set(spec["policyTypes"]) == {"Ingress", "Egress"} and not spec.get("ingress")
        and not spec.get("egress") for spec in policies.values()),
    "what no policy names is permitted",
)
for name, template in pods.items():
    check(
        name in policies and matches(policies[name]["podSelector"]["matchLabels"], template["metadata"]["labels"]),
        f"{name}: no policy",
    )
to = [peer for rule in policies["superposed-worker"]["egress"] for peer in rule.get("to", [None])]
check(None not in to, "workers may reach everything on some port")
check(
    any(peer and matches(peer.get("podSelector", {}).get("matchLabels"), coordinator["metadata"]["labels"]) for peer in to),
    "workers may not reach coordinators",
)
port = next(service for service in of("Service"))["spec"]["ports"][0]["port"]
address = next(entry["value"] for entry in worker["spec"]["containers"][0]["env"] if entry["name"] == "SUPERPOSED_COORDINATOR")
check(address == f"https://superposed-coordinator:{port}", f"workers look for coordinators at {address}")
check(worker["spec"]["terminationGracePeriodSeconds"] > 10, "a worker is killed before it has handed back what it holds")

for scaled in of("ScaledObject"):
    check(scaled["spec"]["scaleTargetRef"]["name"] in pods, "what is scaled is not there")
    check(scaled["spec"]["minReplicaCount"] == 0, "workers do not go down to none")
    check(all("replicas" not in deployment["spec"] for deployment in deployments
              if deployment["metadata"]["name"] == scaled["spec"]["scaleTargetRef"]["name"]), "an apply undoes what was scaled")
    for trigger in scaled["spec"]["triggers"]:
        names = {entry["metadata"]["name"] for entry in of("TriggerAuthentication")}
        check(trigger["authenticationRef"]["name"] in names, "the trigger has no credentials")
        url = f"https://superposed-coordinator.superposed.svc:{port}/"
        check(trigger["metadata"]["url"].startswith(url), f"the trigger asks {trigger['metadata']['url']}")

for what in wrong:
    print(f"{built}: {what}", file=sys.stderr)
if wrong:
    sys.exit(1)

is_kedas = [resource["apiVersion"].startswith("keda.sh/") for resource in resources]
with open(own, "w") as file:
    yaml.safe_dump_all([resource for resource, is_its in zip(resources, is_kedas) if not is_its], file)
with open(keda, "w") as file:
    for number, (resource, is_its) in enumerate(zip(resources, is_kedas)):
        if is_its:
            kind = resource["kind"]
            file.write(f'import type {{ I{kind} as T{number} }} from "@kubernetes-models/keda/{resource["apiVersion"]}";\n')
            file.write(f"export const it{number}: T{number} = {json.dumps(resource)};\n")
