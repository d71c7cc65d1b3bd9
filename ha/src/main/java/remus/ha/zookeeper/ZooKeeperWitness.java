package remus.ha.zookeeper;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.retry.RetryNTimes;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException.Code;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.client.ZKClientConfig;
import org.apache.zookeeper.data.ACL;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import remus.ha.Reason;
import remus.ha.witness.Witness;
import remus.ha.witness.WitnessRecord;

/**
 * The register in ZooKeeper: one node a group, changed by {@code setData} with the version that was
 * read. Curator keeps the session; the requests themselves are ZooKeeper's own, as Curator would
 * repeat a write whose answer was lost, and take its own first success for somebody else's.
 *
 * <p>An answer that is lost comes back as {@link Witness.Answer.Unknown} when the connection
 * breaks, at the latest after two thirds of the session timeout.
 */
public final class ZooKeeperWitness implements Witness, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ZooKeeperWitness.class);
    private static final String ROOT = "/remus";

    private final CuratorFramework curator;
    private final List<ACL> acl;
    private final CountDownLatch wasLive = new CountDownLatch(1);
    private volatile boolean live;

    private ZooKeeperWitness(CuratorFramework curator, List<ACL> acl) {
        this.curator = curator;
        this.acl = acl;
    }

    /**
     * How the ensemble is reached.
     *
     * @param connect {@code host:port} of each server, separated by commas
     * @param sessionTimeout after this much silence the session is given up
     * @param credentials {@code user:password} for digest authentication; nodes are then readable
     *     and writable by this user only. Null for none
     * @param client ZooKeeper's own properties, for TLS
     */
    public record Settings(
            String connect,
            Duration sessionTimeout,
            @Nullable String credentials,
            ZKClientConfig client) {}

    /** Begins to connect, without waiting. */
    public static ZooKeeperWitness connect(Settings settings) {
        int timeout = Math.toIntExact(settings.sessionTimeout().toMillis());
        CuratorFrameworkFactory.Builder builder =
                CuratorFrameworkFactory.builder()
                        .connectString(settings.connect())
                        .sessionTimeoutMs(timeout)
                        .connectionTimeoutMs(timeout)
                        .dontUseContainerParents()
                        .zkClientConfig(settings.client())
                        .retryPolicy(new RetryNTimes(0, 0));
        String credentials = settings.credentials();
        if (credentials != null) {
            builder.authorization("digest", credentials.getBytes(StandardCharsets.UTF_8));
        }
        ZooKeeperWitness witness =
                new ZooKeeperWitness(
                        builder.build(),
                        credentials == null
                                ? ZooDefs.Ids.OPEN_ACL_UNSAFE
                                : ZooDefs.Ids.CREATOR_ALL_ACL);
        witness.curator
                .getConnectionStateListenable()
                .addListener((client, state) -> witness.changed(state));
        witness.curator.start();
        return witness;
    }

    private void changed(ConnectionState state) {
        LOG.info("witness: {}", state);
        live = state == ConnectionState.CONNECTED || state == ConnectionState.RECONNECTED;
        if (live) {
            wasLive.countDown();
        }
    }

    @Override
    public boolean isLive() {
        return live;
    }

    /** Whether a session is live; waits for the first one if there was none yet. */
    public boolean awaitLive(Duration limit) {
        try {
            return wasLive.await(limit.toNanos(), TimeUnit.NANOSECONDS) && live;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    @Override
    public void read(String group, Consumer<Answer> then) {
        ask(
                then,
                zookeeper ->
                        zookeeper.sync(
                                path(group),
                                (rc, path, context) -> {
                                    if (code(rc) == Code.OK || code(rc) == Code.NONODE) {
                                        get(
                                                zookeeper,
                                                group,
                                                (answer, version) -> then.accept(answer));
                                    } else {
                                        then.accept(unknown(rc));
                                    }
                                },
                                null));
    }

    /** Takes an answer, and the version of the record that is there. */
    private interface Found {
        void accept(Answer answer, int version);
    }

    private static void get(ZooKeeper zookeeper, String group, Found then) {
        zookeeper.getData(
                path(group),
                false,
                (rc, path, context, data, stat) -> {
                    switch (code(rc)) {
                        case OK -> then.accept(understood(group, data), stat.getVersion());
                        case NONODE -> then.accept(new Answer.Nothing(), -1);
                        default -> then.accept(unknown(rc), -1);
                    }
                },
                null);
    }

    private static Answer understood(String group, byte[] data) {
        try {
            WitnessRecord record = WitnessRecord.parse(data);
            if (!record.group().equals(group)) {
                throw new IOException("it is of group " + record.group());
            }
            return new Answer.There(record);
        } catch (IOException e) {
            return new Answer.Unknown(
                    new Reason(
                            "witness-record-unreadable",
                            "the witness's record of this group cannot be read: " + e.getMessage(),
                            "restore the node " + path(group) + " in ZooKeeper"));
        }
    }

    @Override
    public void create(WitnessRecord record, Consumer<Answer> then) {
        ask(
                then,
                zookeeper -> {
                    // in order, as all of one session is; that it is there already is no matter
                    zookeeper.create(
                            ROOT,
                            new byte[0],
                            acl,
                            CreateMode.PERSISTENT,
                            (rc, path, context, name) -> {},
                            null);
                    zookeeper.create(
                            path(record.group()),
                            record.toBytes(),
                            acl,
                            CreateMode.PERSISTENT,
                            (rc, path, context, name) -> {
                                switch (code(rc)) {
                                    case OK -> then.accept(new Answer.There(record));
                                    case NODEEXISTS ->
                                            get(
                                                    zookeeper,
                                                    record.group(),
                                                    (answer, version) -> then.accept(answer));
                                    default -> then.accept(unknown(rc));
                                }
                            },
                            null);
                });
    }

    @Override
    public void compareAndSet(WitnessRecord expected, WitnessRecord wanted, Consumer<Answer> then) {
        ask(
                then,
                zookeeper ->
                        get(
                                zookeeper,
                                expected.group(),
                                (answer, version) -> {
                                    if (answer.equals(new Answer.There(expected))) {
                                        set(zookeeper, wanted, version, then);
                                    } else {
                                        then.accept(answer);
                                    }
                                }));
    }

    private static void set(
            ZooKeeper zookeeper, WitnessRecord wanted, int version, Consumer<Answer> then) {
        zookeeper.setData(
                path(wanted.group()),
                wanted.toBytes(),
                version,
                (rc, path, context, stat) -> {
                    switch (code(rc)) {
                        case OK -> then.accept(new Answer.There(wanted));
                        case BADVERSION ->
                                get(zookeeper, wanted.group(), (there, v) -> then.accept(there));
                        case NONODE -> then.accept(new Answer.Nothing());
                        default -> then.accept(unknown(rc));
                    }
                },
                null);
    }

    /** What is asked of ZooKeeper's own client. */
    private interface Request {
        void send(ZooKeeper zookeeper);
    }

    private void ask(Consumer<Answer> then, Request request) {
        if (!isLive()) {
            then.accept(unknown(Code.CONNECTIONLOSS.intValue()));
            return;
        }
        try {
            request.send(curator.getZookeeperClient().getZooKeeper());
        } catch (Exception e) { // Curator declares no less
            then.accept(away(e.toString()));
        }
    }

    private static Code code(int rc) {
        return Code.get(rc);
    }

    private static Answer unknown(int rc) {
        return away(code(rc).toString());
    }

    private static Answer away(String detail) {
        return new Answer.Unknown(
                new Reason(
                        "witness-away",
                        "the witness did not answer: " + detail,
                        "start it, or mend the network to it"));
    }

    private static String path(String group) {
        return ROOT + "/" + group;
    }

    @Override
    public void close() {
        curator.close();
    }
}
