package remus.agent.config;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Every key there is: its form, default, bounds and meaning. The reader and the documentation both
 * come from here.
 */
@SuppressWarnings("ImmutableEnumChecker") // its readers are functions without state
enum Setting {
    NAME(
            "name",
            Form.TEXT,
            "the host's name",
            "What this host is called in messages and at its peers."),
    LISTEN(
            "listen",
            Form.HOST_PORT,
            "0.0.0.0:7070",
            "Where it receives replication from primaries."),
    STATE_DIR(
            "state-dir",
            Form.DIRECTORY,
            "/var/lib/remus",
            "What must survive a reboot: roles, terms, the record of each group. One agent per"
                    + " directory."),
    RUN_DIR(
            "run-dir",
            Form.DIRECTORY,
            "/run/remus",
            "What need not: the control socket `control.sock` and a file per group. Mode 0711, in"
                    + " memory (tmpfs)."),
    INTERVAL(
            "interval",
            Form.duration("1ms", "10s"),
            "50ms",
            "Time between checkpoints, unless `protect --interval` or `tune` says otherwise."),
    STAGING(
            "staging",
            Form.size("16MiB", "64GiB"),
            "256MiB",
            "Limit of the memory that holds copied pages until they are acknowledged. At the limit"
                    + " the guest is slowed."),
    HEARTBEAT_INTERVAL(
            "heartbeat-interval",
            Form.duration("10ms", "10s"),
            "100ms",
            "Time between heartbeats, in both directions."),
    SILENCE_LIMIT(
            "silence-limit",
            Form.duration("30ms", "5m"),
            "1s",
            "Silence of the peer after which it is suspected. Shorter: a faster failover, more"
                    + " false alarms."),
    RECONNECT_GRACE(
            "reconnect-grace",
            Form.duration("0ms", "10s"),
            "100ms",
            "Time in which a broken connection may come back before the backup stops"
                    + " acknowledging."),
    PEERS(
            "peers",
            Form.mapOf(Form.HOST_PORT),
            "none",
            "Names for `protect DOMAIN HOST`, each with the `listen` address of that host's"
                    + " agent."),
    STANDBY_RAM_DIR(
            "standby.ram-dir",
            Form.DIRECTORY,
            "/dev/shm/remus",
            "Where the memory of standbys is kept; in memory (tmpfs or hugetlbfs)."),
    STANDBY_INTERFACES(
            "standby.interfaces",
            Form.mapOf(Form.INTERFACE),
            "the same names",
            "As backup: the primary's interface, and the one of this host to use in its place."),
    STANDBY_PATHS(
            "standby.paths",
            Form.mapOf(Form.DIRECTORY),
            "the same paths",
            "As backup: a path of the primary (a file, or a directory for all below it), and the"
                    + " one to use here."),
    WITNESS_CONNECT(
            "witness.connect",
            Form.HOST_PORTS,
            "none",
            "The ZooKeeper servers that decide who may run, `host:port` each, separated by commas;"
                    + " the same at both hosts. Groups protected from then on use them."),
    WITNESS_SESSION_TIMEOUT(
            "witness.session-timeout",
            Form.duration("1s", "60s"),
            "4s",
            "Silence of the witness after which this host looks for another of its servers."),
    WITNESS_CREDENTIALS(
            "witness.credentials",
            Form.DIRECTORY,
            "none",
            "A file with `user:password` for ZooKeeper's digest authentication; records are then"
                    + " for this user only. Readable by root only."),
    WITNESS_CLIENT(
            "witness.client",
            Form.DIRECTORY,
            "none",
            "A file of ZooKeeper's own client properties, for TLS: `zookeeper.client.secure=true`,"
                    + " `zookeeper.clientCnxnSocket=org.apache.zookeeper.ClientCnxnSocketNetty`,"
                    + " `zookeeper.ssl.*`. Not tried yet."),
    DISKS_DIRECTORY(
            "disks.directory",
            Form.DIRECTORY,
            "disks in state-dir",
            "As backup: where the images of disks are kept, one directory for each group, and the"
                    + " journals."),
    DISKS_IMAGES(
            "disks.images",
            Form.mapOf(Form.DIRECTORY),
            "files in disks.directory",
            "As backup: `DOMAIN/DISK`, and the raw image to use for it. An image that is there"
                    + " already is compared and overwritten."),
    DISKS_EXPORTS(
            "disks.exports",
            Form.mapOf(Form.DIRECTORY),
            "none",
            "As primary: names, each with the raw image or block device that is served as NBD"
                    + " export NAME on the socket `exports/NAME.sock` in run-dir, as a guest's disk"
                    + " from its boot on (docs/disk.md)."),
    DISKS_EXPORT_USER(
            "disks.export-user",
            Form.TEXT,
            "the agent's user",
            "As primary: the user that QEMU runs as; the sockets of the exports are his alone."),
    DISKS_JOURNAL(
            "disks.journal",
            Form.size("16MiB", "64GiB"),
            "256MiB",
            "As backup: space of each group for committed writes that are not in the images yet."
                    + " When it is full the guest is slowed."),
    DISKS_COMMIT(
            "disks.commit",
            Form.oneOf("fsync", "memory"),
            "fsync",
            "As backup: whether an epoch is acknowledged when it survives a loss of power"
                    + " (`fsync`), or the loss of the agent only (`memory`)."),
    DISKS_ALLOCATION(
            "disks.allocation",
            Form.oneOf("sparse", "full"),
            "sparse",
            "As backup: whether images take space as it is written (`sparse`), or all of it before"
                    + " the first copy begins (`full`), so that they cannot run out of it later."),
    DISKS_RESYNC(
            "disks.resync",
            Form.oneOf("beside", "in-place"),
            "beside",
            "As backup: where the differences go if an old copy was whole. `beside` it, and without"
                    + " room for them the resync is refused; or, without room, `in-place`: the old"
                    + " copy is then lost before the new one is whole."),
    DISKS_STAGING(
            "disks.staging",
            Form.size("8MiB", "4GiB"),
            "64MiB",
            "As primary: limit of the memory of each domain that holds its disk writes until they"
                    + " are acknowledged. At half of it the guest's writes take longer.");

    /**
     * How a value is written, and how it is read; a wrong one throws IllegalArgumentException with
     * a message for people.
     */
    record Form(String words, Function<String, Object> reader, boolean map) {
        static final Form TEXT =
                new Form("a name", text -> checked(text, NAME_PATTERN, NAME_WORDS), false);
        static final Form INTERFACE =
                new Form(
                        "an interface name",
                        text ->
                                checked(
                                        text,
                                        "[^\\s/:]{1,15}",
                                        "an interface name: 1 to 15 characters without space, '/'"
                                                + " or ':'"),
                        false);
        static final Form HOST_PORT = new Form("host:port", HostPort::parse, false);
        static final Form HOST_PORTS =
                new Form(
                        "host:port, separated by commas",
                        text -> {
                            for (String server : text.split(",", -1)) {
                                HostPort.parse(server);
                            }
                            return text;
                        },
                        false);
        static final Form DIRECTORY =
                new Form(
                        "an absolute path",
                        text ->
                                Path.of(
                                                checked(
                                                        text,
                                                        "/[^\\p{Cntrl}]{0,4000}",
                                                        "an absolute path, beginning with /"))
                                        .normalize(),
                        false);

        static Form oneOf(String... words) {
            return new Form(
                    String.join(" or ", words),
                    text -> checked(text, String.join("|", words), String.join(" or ", words)),
                    false);
        }

        static Form duration(String least, String most) {
            return new Form(
                    "a duration, " + least + " to " + most,
                    text ->
                            bounded(
                                    text,
                                    DurationText.parse(text),
                                    DurationText.parse(least),
                                    DurationText.parse(most),
                                    least,
                                    most),
                    false);
        }

        static Form size(String least, String most) {
            return new Form(
                    "a size, " + least + " to " + most,
                    text ->
                            bounded(
                                    text,
                                    SizeText.parse(text),
                                    SizeText.parse(least),
                                    SizeText.parse(most),
                                    least,
                                    most),
                    false);
        }

        static Form mapOf(Form values) {
            return new Form("a mapping, each value " + values.words, values.reader, true);
        }

        private static String checked(String text, String pattern, String words) {
            if (!text.matches(pattern)) {
                throw new IllegalArgumentException("\"" + text + "\" is not " + words);
            }
            return text;
        }

        private static <T extends Comparable<T>> T bounded(
                String text, T value, T least, T most, String leastText, String mostText) {
            if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
                throw new IllegalArgumentException(
                        text + " is out of bounds, allowed are " + leastText + " to " + mostText);
            }
            return value;
        }
    }

    static final String NAME_PATTERN = "[A-Za-z0-9][A-Za-z0-9._-]{0,63}";
    static final String NAME_WORDS = "1 to 64 letters, digits, '.', '_' or '-'";

    final String key;
    final Form form;
    final String defaultText;
    final String meaning;

    Setting(String key, Form form, String defaultText, String meaning) {
        this.key = key;
        this.form = form;
        this.defaultText = defaultText;
        this.meaning = meaning;
    }

    /** docs/configuration.md, the part made from this table. */
    static String markdown() {
        return Arrays.stream(values())
                .map(
                        s ->
                                "| `"
                                        + s.key
                                        + "` | "
                                        + s.form.words()
                                        + " | "
                                        + s.defaultText
                                        + " | "
                                        + s.meaning
                                        + " |\n")
                .collect(
                        Collectors.joining(
                                "",
                                "| key | value | default | meaning |\n| --- | --- | --- | --- |\n",
                                ""));
    }
}
