package remus.testkit.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import remus.agent.api.GroupStatus;
import remus.agent.api.StatusRequest;
import remus.agent.api.StatusResponse;

/**
 * Two hosts and a client as namespaces of this machine (deploy/lab/hosts), with the built product
 * on them. What stands when a test fails is copied by {@link Evidence}.
 */
final class Lab implements AutoCloseable {
    static final String A = "hostA";
    static final String B = "hostB";
    static final String VM = "web1";

    private static final Path TREE = Path.of("..").toAbsolutePath().normalize();
    private static final Path REMUS =
            Path.of(System.getProperty("remus.home", TREE + "/deploy/target/remus"), "bin/remus");
    private static final String HOSTS = TREE + "/deploy/lab/hosts";
    private static final String FAULT = TREE + "/deploy/lab/fault";
    private static final Duration LIMIT = Duration.ofSeconds(30);

    final Path directory;
    private final String run;
    private final List<AutoCloseable> belongings = new ArrayList<>();
    private @Nullable LoadMaker loadMaker;

    private Lab(Path directory) {
        this.directory = directory;
        run = Proc.read(directory.resolve("run")).trim();
        Evidence.stands(directory);
    }

    /** Two hosts and a client; nothing runs on them. */
    static Lab up() {
        assertThat(REMUS).as("the built product (set -Dremus.home)").isExecutable();
        String owner = Long.toString(ProcessHandle.current().pid());
        return new Lab(
                Path.of(Outcome.run(HOSTS, "up", "--owner", owner).succeeded().out().trim()));
    }

    /** Agents on both hosts, and a guest that serves Redis on the first. */
    static Lab ready(String... qemuArguments) {
        Lab lab = up();
        lab.start(qemuArguments);
        return lab;
    }

    /** The same with a witness, which a place of its own has. */
    static Lab witnessed(String... qemuArguments) {
        Lab lab = up();
        lab.startWitness();
        lab.start(qemuArguments);
        return lab;
    }

    void startWitness() {
        Outcome.run(HOSTS, "start-witness", directory.toString(), REMUS.toString()).succeeded();
    }

    void killWitness() {
        signal(Long.parseLong(Proc.read(directory.resolve("witness/pid")).trim()), "KILL");
    }

    private void start(String... qemuArguments) {
        startAgent(A);
        startAgent(B);
        startVm(A, VM, qemuArguments);
        awaitAgent(A);
        awaitAgent(B);
        awaitVm(A, VM);
    }

    /** As {@link #ready}, in a lab that is up: the guest's disks lie on the first host. */
    void start(DataDisk... disks) {
        start(
                Stream.of(disks)
                        .flatMap(disk -> Stream.of("-drive", disk.drive()))
                        .toArray(String[]::new));
    }

    void startAgent(String host) {
        directory.resolve(host).resolve("agent.pid").toFile().delete();
        Outcome.run(HOSTS, "start-agent", directory.toString(), host, REMUS.toString()).succeeded();
    }

    void awaitAgent(String host) {
        await("agent of " + host).atMost(LIMIT).until(() -> answers(host));
    }

    boolean answers(String host) {
        try {
            return !status(host).getHost().isEmpty();
        } catch (UncheckedIOException absent) {
            return false;
        }
    }

    /** The owner's own monitor is at {@link #owner}; the other one is for the agent. */
    void startVm(String host, String name, String... qemuArguments) {
        startVm(host, name, 0, qemuArguments);
    }

    /** With a tap and an address (10.77.0.11) of its own. */
    void startSecondVm(String host, String name) {
        startVm(host, name, 1);
    }

    private void startVm(String host, String name, int number, String... qemuArguments) {
        List<String> command = new ArrayList<>();
        command.addAll(List.of("env", "REMUS_VM=" + number, HOSTS, "start-vm"));
        command.addAll(List.of(directory.toString(), host, name));
        command.addAll(List.of("-qmp", "unix:/run/vm/" + name + ".owner,server=on,wait=off"));
        command.addAll(List.of(qemuArguments));
        Outcome.run(command.toArray(String[]::new)).succeeded();
    }

    void awaitVm(String host, String name) {
        Outcome.run(HOSTS, "await-vm", directory.toString(), host, name).succeeded();
    }

    Outcome on(String host, String... command) {
        return Outcome.run(onto(host, command));
    }

    private String[] onto(String host, String... command) {
        return Stream.concat(
                        Stream.of(HOSTS, "exec", directory.toString(), host), Stream.of(command))
                .toArray(String[]::new);
    }

    Outcome remus(String host, String... arguments) {
        return Outcome.run(remusOn(host, arguments));
    }

    private String[] remusOn(String host, String... arguments) {
        return onto(
                host,
                Stream.concat(
                                Stream.of("env", "--default-signal=INT", REMUS.toString()),
                                Stream.of(arguments))
                        .toArray(String[]::new));
    }

    /**
     * Starts the command line on a host; it hears Ctrl-C although a run in the background may not.
     */
    Process startRemus(String host, Path log, String... arguments) throws IOException {
        Process process =
                new ProcessBuilder(remusOn(host, arguments))
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        belongings.add(process::destroyForcibly);
        return process;
    }

    void protectAutomatically() {
        remus(A, "protect", VM, B, "--failover", "automatic-without-witness", "--unsafe")
                .succeeded();
    }

    /** Taking over is left to the witness. */
    void protectByWitness() {
        remus(A, "protect", VM, B, "--failover", "automatic").succeeded();
    }

    void protectManually() {
        remus(A, "protect", VM, B).succeeded();
    }

    /**
     * Kills an agent; one that is not `supervised` loses its supervisor first and is started anew.
     */
    void killAgent(String host, boolean supervised) {
        long agent = agentPid(host);
        if (!supervised) {
            long supervisor = pid(host, "agent");
            signal(supervisor, "KILL");
        }
        signal(agent, "KILL");
        if (!supervised) {
            startAgent(host);
        }
    }

    /** Another agent under another supervisor, which has seen no death yet. */
    void renewAgent(String host) {
        killAgent(host, false);
        awaitAgent(host);
    }

    /** Other settings of an agent, beside those that it has; it is renewed. */
    void configure(String host, String yaml) {
        Path config = directory.resolve(host).resolve("agent.yaml");
        try {
            Files.writeString(config, yaml, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        renewAgent(host);
    }

    StatusResponse status(String host) {
        return call(host, "Status", StatusRequest.getDefaultInstance(), StatusResponse.parser());
    }

    <T> T call(String host, String method, MessageLite request, Parser<T> parser) {
        return ControlCall.post(inside(host, "/run/remus/control.sock"), method, request, parser);
    }

    /** What a host's agent says of a group; one without a name if it knows none. */
    GroupStatus group(String host, String name) {
        return status(host).getGroupsList().stream()
                .filter(g -> g.getName().equals(name))
                .reduce((first, last) -> last)
                .orElse(GroupStatus.getDefaultInstance());
    }

    GroupStatus awaitGroup(String host, String name, Duration limit, Predicate<GroupStatus> is) {
        return await(name + " on " + host)
                .atMost(limit)
                .pollInterval(Duration.ofMillis(20))
                .ignoreExceptions()
                .until(() -> group(host, name), is);
    }

    GroupStatus awaitState(String host, String... states) {
        List<String> wanted = List.of(states);
        return awaitGroup(host, VM, LIMIT, g -> wanted.contains(g.getState()));
    }

    /** The group is protected by another copy than the one of then. */
    GroupStatus awaitNewCopy(long sinceUnixMillis) {
        return awaitGroup(
                A,
                VM,
                LIMIT,
                g ->
                        g.getState().equals("PROTECTED")
                                && g.getSinceUnixMillis() > sinceUnixMillis + 50);
    }

    /** Every process of the host at one stroke. */
    void powerLoss(String host) {
        long first = firstProcess(host);
        Outcome.run(HOSTS, "kill-host", directory.toString(), host).succeeded();
        assertThat(ProcessHandle.of(first).map(ProcessHandle::isAlive).orElse(false)).isFalse();
    }

    private long firstProcess(String host) {
        return Long.parseLong(Proc.read(directory.resolve(host + ".pid")).split(" ", 2)[0]);
    }

    /** A path on a host, as this process reaches it. */
    Path inside(String host, String path) {
        return Path.of("/proc/" + firstProcess(host) + "/root" + path);
    }

    /** This machine's number of the process that wrote its own one to /run/vm/NAME.pid. */
    long pid(String host, String name) {
        return pidNumbered(host, Proc.read(directory.resolve(host).resolve(name + ".pid")).trim());
    }

    private long pidNumbered(String host, String wanted) {
        String space = Proc.link("/proc/" + firstProcess(host) + "/ns/pid");
        return ProcessHandle.allProcesses()
                .mapToLong(ProcessHandle::pid)
                .filter(pid -> space.equals(Proc.link("/proc/" + pid + "/ns/pid")))
                .filter(
                        pid ->
                                Proc.read(Path.of("/proc/" + pid + "/status"))
                                        .contains("\t" + wanted + "\n"))
                .filter(pid -> Proc.nsPid(pid).equals(wanted))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no process " + wanted + " on " + host));
    }

    /** The Java process: its supervisor is the one that the lab started. */
    long agentPid(String host) {
        return ProcessHandle.of(pid(host, "agent"))
                .flatMap(supervisor -> supervisor.children().findFirst())
                .map(ProcessHandle::pid)
                .orElseThrow(() -> new AssertionError("no agent on " + host));
    }

    /** The QEMU processes of a host whose command line has a word. */
    List<Long> qemus(String host, String word) {
        String space = Proc.link("/proc/" + firstProcess(host) + "/ns/pid");
        return ProcessHandle.allProcesses()
                .map(ProcessHandle::pid)
                .filter(pid -> space.equals(Proc.link("/proc/" + pid + "/ns/pid")))
                .filter(pid -> Proc.commandLine(pid).contains("qemu-system"))
                .filter(pid -> Proc.commandLine(pid).contains(word))
                .toList();
    }

    void signal(long pid, String signal) {
        Outcome.run("kill", "-" + signal, Long.toString(pid)).succeeded();
    }

    /** One command for the load maker inside web1, over its second serial port. */
    void tellGuest(String host, String command) {
        loadMaker(host).tell(command);
    }

    /** The clock of web1, as a program in it reads it. */
    long guestMonotonicNanos(String host) {
        return loadMaker(host).monotonicNanos();
    }

    private LoadMaker loadMaker(String host) {
        LoadMaker maker = loadMaker;
        if (maker == null) {
            maker = LoadMaker.connect(directory.resolve(host).resolve(VM + ".load"));
            belongings.add(maker);
            loadMaker = maker;
        }
        return maker;
    }

    /** One of deploy/lab/fault. */
    void fault(String... arguments) {
        Outcome.run(
                        Stream.concat(Stream.of(FAULT, directory.toString()), Stream.of(arguments))
                                .toArray(String[]::new))
                .succeeded();
    }

    Qmp owner(String host, String name) {
        Qmp qmp = Qmp.connect(directory.resolve(host).resolve(name + ".owner"));
        belongings.add(qmp);
        return qmp;
    }

    Qmp standbyMonitor(String host) {
        String line = Proc.commandLine(qemus(host, "-incoming").get(0));
        String socket = line.replaceFirst(".* -qmp unix:([^, ]+).*", "$1");
        Qmp qmp = Qmp.connect(inside(host, socket));
        belongings.add(qmp);
        return qmp;
    }

    CountingClient client() {
        return client("10.77.0.10");
    }

    CountingClient client(String address) {
        CountingClient client = CountingClient.start("/run/netns/" + run + "-client", address);
        belongings.add(client);
        return client;
    }

    String serial(String host, String name) {
        return Proc.read(directory.resolve(host).resolve(name + ".serial"));
    }

    String agentLog(String host) {
        return Proc.read(directory.resolve(host).resolve("agent.log"));
    }

    @Override
    public void close() {
        Evidence.taken(directory);
        for (AutoCloseable one : belongings) {
            try {
                one.close();
            } catch (Exception e) {
                System.err.println("left behind: " + one + ": " + e);
            }
        }
        Outcome.run(HOSTS, "down", directory.toString()).succeeded();
    }
}
