package remus.diskbuf.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import remus.diskbuf.ChunkDigests;

/** Digests of an image, chunk by chunk. Holes are not read. */
public final class ImageDigests {
    /** The smallest chunk. */
    public static final int MIN_CHUNK_BYTES = 4096;

    /** The largest chunk. */
    public static final int MAX_CHUNK_BYTES = 64 << 20;

    private static final int PIECE_BYTES = 1 << 20;

    /** Sees the digests in the order of their chunks. */
    public interface Consumer {
        /**
         * One chunk; the last one may be shorter than the others.
         *
         * @param digest of {@link ChunkDigests#DIGEST_BYTES}, only good until this returns
         */
        void chunk(long index, byte[] digest);
    }

    private final ChunkDigests.Hasher hasher = new ChunkDigests.Hasher();
    private final ByteBuffer piece;
    private final byte[] digest = new byte[ChunkDigests.DIGEST_BYTES];

    private ImageDigests(int chunkBytes) {
        piece = ByteBuffer.allocate(Math.min(PIECE_BYTES, chunkBytes));
    }

    static void checkChunk(int chunkBytes) {
        if (chunkBytes < MIN_CHUNK_BYTES || chunkBytes > MAX_CHUNK_BYTES) {
            throw new IllegalArgumentException(
                    "chunk: "
                            + chunkBytes
                            + " bytes (expected: "
                            + MIN_CHUNK_BYTES
                            + " to "
                            + MAX_CHUNK_BYTES
                            + ")");
        }
    }

    /** Reads all of the file. */
    static void of(StoreFile file, long bytes, int chunkBytes, Consumer consumer)
            throws IOException {
        checkChunk(chunkBytes);
        new ImageDigests(chunkBytes).run(file, bytes, chunkBytes, consumer);
    }

    private void run(StoreFile file, long bytes, int chunkBytes, Consumer consumer)
            throws IOException {
        byte[] zero = new byte[ChunkDigests.DIGEST_BYTES];
        ofZeroes(Math.min(chunkBytes, bytes), zero);
        long data = -1;
        for (long chunk = 0, at = 0; at < bytes; chunk++, at += chunkBytes) {
            long end = Math.min(bytes, at + chunkBytes);
            if (data < at) {
                data = file.nextData(at);
            }
            if (data < end) {
                ofContent(file, at, end);
                consumer.chunk(chunk, digest);
            } else {
                if (end - at < chunkBytes) {
                    ofZeroes(end - at, zero);
                }
                System.arraycopy(zero, 0, digest, 0, ChunkDigests.DIGEST_BYTES);
                consumer.chunk(chunk, digest);
            }
        }
    }

    private void ofContent(StoreFile file, long start, long end) throws IOException {
        for (long at = start; at < end; ) {
            piece.clear().limit((int) Math.min(piece.capacity(), end - at));
            int read = file.read(at, piece);
            if (read <= 0) {
                throw new IOException("the image ends at byte " + at);
            }
            hasher.update(piece.flip());
            at += read;
        }
        hasher.finish(digest);
    }

    private void ofZeroes(long bytes, byte[] target) {
        Arrays.fill(piece.array(), (byte) 0);
        for (long left = bytes; left > 0; ) {
            int part = (int) Math.min(piece.capacity(), left);
            hasher.update(piece.clear().limit(part));
            left -= part;
        }
        hasher.finish(target);
    }
}
