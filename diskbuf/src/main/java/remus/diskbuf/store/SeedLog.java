package remus.diskbuf.store;

import io.netty.buffer.ByteBuf;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import remus.diskbuf.store.JournalRecord.Kind;
import remus.diskbuf.store.JournalRecord.Place;

/**
 * The overlay: a seed that lies beside the images until it is complete, as records of the journal's
 * format, one after the other, ended by a commit record.
 */
final class SeedLog implements Closeable {
    private final UUID id;
    private final StoreFile file;
    private final long capBytes;
    private final ByteBuffer head = ByteBuffer.allocateDirect(JournalRecord.BYTES);
    private long offset;
    private long serial;
    private boolean finished;

    private SeedLog(UUID id, StoreFile file, long capBytes) {
        this.id = id;
        this.file = file;
        this.capBytes = capBytes;
    }

    static Path path(Path directory) {
        return directory.resolve("seed.log");
    }

    /**
     * Makes an empty one.
     *
     * @param capBytes the most it may grow to
     */
    static SeedLog create(Medium medium, Path directory, long capBytes) throws IOException {
        StoreFile file = medium.open(path(directory));
        try {
            file.resize(0);
            medium.syncDirectory(directory);
            return new SeedLog(UUID.randomUUID(), file, capBytes);
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    /** Opens what {@link #finish} has completed. */
    static SeedLog openFinished(Medium medium, Path directory, UUID id) throws IOException {
        SeedLog log = new SeedLog(id, medium.open(path(directory)), 0);
        log.finished = true;
        return log;
    }

    UUID id() {
        return id;
    }

    /** Bytes written so far. */
    long bytes() {
        return offset;
    }

    /**
     * @throws NoSpaceException if it cannot grow; what was there before is unharmed
     */
    void append(int disk, int extents, ByteBuf payload) throws IOException {
        int bytes = payload.readableBytes();
        if (offset + 2L * JournalRecord.BYTES + bytes > capBytes) {
            throw new NoSpaceException("the seed is larger than " + capBytes + " bytes");
        }
        ByteBuffer[] pieces = payload.nioBuffers();
        ByteBuffer[] sources = new ByteBuffer[pieces.length + 1];
        System.arraycopy(pieces, 0, sources, 1, pieces.length);
        sources[0] = head(Kind.WRITES, disk, extents, bytes, JournalRecord.crc(pieces));
        write(sources);
        offset += JournalRecord.BYTES + bytes;
        serial++;
    }

    private ByteBuffer head(Kind kind, int disk, int extents, int bytes, int crc) {
        Place place = new Place(0, serial, 0);
        head.clear();
        new JournalRecord(kind, disk, place, 0, 0, extents, bytes, crc).encode(head, id);
        return head.flip();
    }

    private void write(ByteBuffer... sources) throws IOException {
        file.write(offset, sources);
    }

    /** Ends the log; on return it survives power loss. */
    void finish() throws IOException {
        write(head(Kind.COMMIT, 0, 0, 0, 0));
        file.sync();
        finished = true;
    }

    /** Makes what is there survive power loss, so that {@link #finish} has less to do. */
    void flush() throws IOException {
        file.sync();
    }

    /** Writes all of it into the images, which are not synced. */
    void mergeAll(DiskImages images) throws IOException {
        Merge merge = new Merge(new RecordReader());
        while (merge.step(images)) {
            // one record after the other
        }
    }

    /** Reads the log from its start, whether it is finished or not. */
    final class Merge {
        private final RecordReader reader;
        private volatile long at;
        private long next;

        Merge(RecordReader reader) {
            this.reader = reader;
        }

        /** Bytes read so far. */
        long bytes() {
            return at;
        }

        /**
         * Writes the next record into the images.
         *
         * @return whether there was one
         * @throws DamageException if the log is not what was written
         */
        boolean step(DiskImages images) throws IOException {
            if (!finished && at == offset) {
                return false;
            }
            @Nullable JournalRecord record = reader.head(file, at, id);
            if (record == null || record.place().serial() != next) {
                throw new DamageException("seed.log is damaged at byte " + at);
            }
            if (record.kind() == Kind.COMMIT) {
                return false;
            }
            @Nullable ByteBuf payload = reader.payload(file, at, record);
            if (payload == null) {
                throw new DamageException("seed.log is damaged at byte " + at);
            }
            images.apply(record, payload);
            at = at + JournalRecord.BYTES + record.payloadBytes();
            next++;
            return true;
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    /** Removes the file, if there is one. */
    static void delete(Medium medium, Path directory) throws IOException {
        medium.delete(path(directory));
    }
}
