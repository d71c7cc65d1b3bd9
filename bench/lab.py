"""What the measurements of bench/run stand on: two hosts with a VM, the engine of an agent under our hand, QEMU's monitor."""
import glob
import json
import os
import re
import socket
import subprocess
import sys

TREE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LAB = TREE + "/deploy/lab/"
DISTRIBUTION = TREE + "/deploy/target/remus"
IDLE_NANOS = 3600 * 10**9
# The patience is for busy machines: what is measured here is not when a peer is given up.
CONFIGURATION = """name: {host}
listen: {address}
state-dir: /run/vm/state
run-dir: /run/remus
silence-limit: 20s
peers:
  {peer}: {theirs}
standby:
  ram-dir: /run/standby
  interfaces:
    tap0: tap0
"""


def fail(text):
    sys.exit("error: " + text)


def output(*command, **more):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, universal_newlines=True, **more)
    if done.returncode:
        fail("%s ended with %d" % (" ".join(command), done.returncode))
    return done.stdout


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0


class Disk:
    """The VM's disk: a raw image of this machine, used with QEMU's cache mode `cache`."""

    def __init__(self, mebibytes, cache, prepare=lambda path: None):
        self.mebibytes, self.cache, self.prepare = mebibytes, cache, prepare

    def make(self, path):
        with open(path, "wb") as image:
            image.truncate(self.mebibytes << 20)
        self.prepare(path)
        return ["-drive", "if=virtio,id=data,format=raw,cache=%s,file=/run/vm/%s" % (self.cache, os.path.basename(path))]


class Lab:
    """Two hosts, the VM on the first, an agent on each: the first one's engine under our hand."""

    def __init__(self, guest, accelerator, memory_mib, disk=None, settings=""):
        self.environment = dict(os.environ, REMUS_GUEST=guest, REMUS_ACCEL=accelerator, REMUS_MEMORY_MIB=str(memory_mib))
        self.processes = []
        self.directory = output(LAB + "hosts", "up", "--owner", str(os.getpid())).strip()
        for host, peer, number in (("hostA", "hostB", 1), ("hostB", "hostA", 2)):
            with open("%s/%s/agent.yaml" % (self.directory, host), "w") as text:
                text.write(CONFIGURATION.format(host=host, peer=peer, address="10.78.0.%d:7070" % number, theirs="10.78.0.%d:7070" % (3 - number)) + settings)
        self.hosts("start-agent", "hostB", DISTRIBUTION + "/bin/remus")
        self.image = self.directory + "/hostA/web1.img"
        self.hosts("start-vm", "hostA", "web1", "-qmp", "unix:/run/vm/floor.qmp,server=on,wait=off", *(disk.make(self.image) if disk else []))
        self.hosts("await-vm", "hostA", "web1")
        self.pid = int(self.hosts("pid", "hostA", "web1"))
        self.load = socket.socket(socket.AF_UNIX)
        self.load.connect(self.directory + "/hostA/web1.load")
        self.load.settimeout(60)
        self.answers = self.load.makefile("r", errors="replace")

    def hosts(self, command, *arguments):
        return output(LAB + "hosts", command, self.directory, *arguments, env=self.environment)

    def start(self, host, *command, **more):
        process = subprocess.Popen((LAB + "hosts", "exec", self.directory, host) + command, stdout=subprocess.PIPE,
                                   universal_newlines=True, **more)
        self.processes.append(process)
        return process

    def ask_guest(self, line):
        """One command to the `dirty` program in the guest."""
        self.load.sendall((line + "\n").encode())
        answer = ""
        while not answer.startswith(("ok", "error")) or answer.strip() == "ok ready":
            answer = self.answers.readline()
            if not answer:
                fail("the guest's load program is gone")
        if answer.startswith("error"):
            fail("the guest: " + answer)
        return dict(word.split("=") for word in answer.split()[1:])

    def armed_ranges(self):
        """What the engine write-protected: address ranges of QEMU whose flags have `uw`."""
        ranges, header = [], ""
        with open("/proc/%d/smaps" % self.pid) as text:
            for line in text:
                if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                    header = line.split()[0]
                elif line.startswith("VmFlags:") and " uw" in line:
                    ranges.append(header)
        return ranges

    def end(self, process):
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()

    def close(self, keep):
        for process in self.processes:
            self.end(process)
        if os.path.exists(self.directory + "/run"):
            output(LAB + "hosts", "down", self.directory, *(["--keep"] if keep else []))


class Engine:
    """The engine of an agent on hostA; see BenchAgent."""

    def __init__(self, lab):
        os.makedirs(lab.directory + "/hostA/state", exist_ok=True)
        with open(DISTRIBUTION + "/bin/remus") as launcher:
            flags = re.search(r'^agent_flags="(.*)"$', launcher.read(), re.M).group(1).split()
        flags += ["-XX:SharedArchiveFile=" + DISTRIBUTION + "/lib/agent.jsa"] + os.environ.get("REMUS_AGENT_FLAGS", "").split()
        classpath = ":".join(sorted(glob.glob(DISTRIBUTION + "/lib/*.jar")))  # as the launcher says it: the archive is good for no other
        self.log = open(lab.directory + "/hostA/bench-agent.log", "w")
        self.process = lab.start("hostA", "java", *flags, "-cp", classpath, "remus.bench.BenchAgent",
                                 "/run/vm/agent.yaml", stdin=subprocess.PIPE, stderr=self.log)
        self.read()

    def read(self):
        laps = []
        while True:
            line = self.process.stdout.readline()
            if not line:
                fail("the engine ended: see " + self.log.name)
            words = line.split()
            if words[0] == "lap":
                laps.append([int(word) for word in words[1:]])
            elif words[0] == "ok":
                return laps or dict(word.split("=") for word in words[1:] if "=" in word)
            elif words[0] == "error":
                fail("the engine: " + line)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.read()

    def close(self):
        """The engine lets go and ends with its input."""
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            print("the engine did not end: see " + self.log.name, file=sys.stderr)

    def number(self, line, name):
        return int(self.ask(line)[name])


class Monitor:
    """QEMU's second monitor, which the engine does not know."""

    def __init__(self, lab):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(lab.directory + "/hostA/floor.qmp")
        self.socket.settimeout(60)
        self.lines = self.socket.makefile("r")
        self.events = []
        self.lines.readline()
        self.execute("qmp_capabilities")

    def execute(self, command, **arguments):
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
        while True:
            answer = self.read()
            if "error" in answer:
                fail("QEMU: %s: %s" % (command, answer["error"]["desc"]))
            if "return" in answer:
                return answer["return"]
            self.events.append(answer)

    def read(self):
        line = self.lines.readline()
        if not line:
            fail("the VM is gone")
        return json.loads(line)

    def await_event(self, name, **data):
        """Waits for one of that name with these data; events before it are forgotten."""
        while True:
            event = self.events.pop(0) if self.events else self.read()
            if event["event"] == name and data.items() <= event.get("data", {}).items():
                return

    def close(self):
        self.lines.close()
        self.socket.close()
