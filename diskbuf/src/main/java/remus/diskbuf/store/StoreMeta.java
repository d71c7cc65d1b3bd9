package remus.diskbuf.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a store apart from its records.
 *
 * @param version of this format
 * @param standing of the images
 * @param journal id of the records that belong on top of the images
 * @param journalEpoch the journal starts after it
 * @param overlay id of the seed that belongs between the images and the journal, if any
 * @param segmentBytes size of a segment of the journal
 * @param disks whose images these are
 */
record StoreMeta(
        int version,
        Standing standing,
        UUID journal,
        long journalEpoch,
        @Nullable UUID overlay,
        long segmentBytes,
        List<Disk> disks) {
    static final int VERSION = 1;

    private static final ObjectMapper JSON = JsonMapper.builder().build();

    /** An image. */
    record Disk(String name, String path, long bytes) {
        static Disk of(DiskImageSpec spec) {
            return new Disk(
                    spec.name(), spec.path().toAbsolutePath().normalize().toString(), spec.bytes());
        }
    }

    static StoreMeta fresh(List<Disk> disks, long segmentBytes) {
        return new StoreMeta(
                VERSION,
                new Standing(Standing.State.NEW, 0, 0),
                UUID.randomUUID(),
                0,
                null,
                segmentBytes,
                disks);
    }

    /** The same images with another standing, an empty journal, and nothing in between. */
    StoreMeta settled(Standing newStanding) {
        return new StoreMeta(
                version,
                newStanding,
                UUID.randomUUID(),
                newStanding.epoch(),
                null,
                segmentBytes,
                disks);
    }

    /** A seed is complete: it lies in the images or in an overlay, and its journal follows. */
    StoreMeta seeded(Standing newStanding, UUID newJournal, @Nullable UUID newOverlay) {
        return new StoreMeta(version, newStanding, newJournal, 0, newOverlay, segmentBytes, disks);
    }

    /** The images hold nothing of worth any more. */
    StoreMeta untrustworthy() {
        return standing.state() == Standing.State.CONSISTENT
                ? settled(new Standing(Standing.State.INCONSISTENT, standing.incarnation(), 0))
                : this;
    }

    /** The overlay is in the images. */
    StoreMeta merged() {
        return new StoreMeta(version, standing, journal, journalEpoch, null, segmentBytes, disks);
    }

    StoreMeta withSegments(long newSegmentBytes) {
        return new StoreMeta(
                version, standing, journal, journalEpoch, overlay, newSegmentBytes, disks);
    }

    byte[] encode() throws IOException {
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(this);
    }

    static StoreMeta decode(byte[] bytes) throws JsonProcessingException, IOException {
        StoreMeta meta = JSON.readValue(bytes, StoreMeta.class);
        if (meta.version != VERSION
                || meta.standing == null
                || meta.standing.state() == null
                || meta.journal == null
                || meta.disks == null
                || meta.segmentBytes < 2L * JournalRecord.PAGE_BYTES) {
            throw new IOException(
                    "version " + meta.version + " (expected: " + VERSION + "), or parts missing");
        }
        return meta;
    }
}
