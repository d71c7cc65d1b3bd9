package remus.diskbuf.store;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Reads records, one at a time, into memory of its own. Not thread-safe. */
final class RecordReader {
    private final ByteBuffer memory = ByteBuffer.allocateDirect(JournalRecord.MAX_BYTES);
    private final ByteBuf view = Unpooled.wrappedBuffer(memory);

    /** The head at {@code offset}, or null if there is none that fits into the file. */
    @Nullable JournalRecord head(StoreFile file, long offset, UUID journal) throws IOException {
        memory.clear().limit(JournalRecord.BYTES);
        if (file.read(offset, memory) < JournalRecord.BYTES) {
            return null;
        }
        JournalRecord record = JournalRecord.decode(memory, 0, journal);
        return record != null && offset + JournalRecord.BYTES + record.payloadBytes() <= file.size()
                ? record
                : null;
    }

    /** The payload of the record at {@code offset}, until the next call; null if it is damaged. */
    @Nullable ByteBuf payload(StoreFile file, long offset, JournalRecord record)
            throws IOException {
        int bytes = record.payloadBytes();
        memory.clear().limit(bytes);
        if (file.read(offset + JournalRecord.BYTES, memory) < bytes
                || JournalRecord.crc(memory.flip()) != record.payloadCrc()) {
            return null;
        }
        return view.setIndex(0, bytes);
    }

    /** All of the reader's memory, for scans. */
    ByteBuffer memory() {
        return memory.clear();
    }
}
