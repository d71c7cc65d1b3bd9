package remus.diskbuf;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/**
 * Says of each chunk of a disk what another copy of it holds: the first half of its SHA-256. A
 * guest can write what it likes, so nothing weaker than a cryptographic digest may decide that two
 * chunks are the same.
 *
 * <p>A disk of which nothing is said holds zeroes only. Not thread-safe.
 */
public final class ChunkDigests {
    /** Bytes of a digest. */
    public static final int DIGEST_BYTES = 16;

    /** Chunks of a disk that is not larger than this many of them. */
    private static final long MIN_CHUNK_BYTES = 64 << 10;

    private static final long MAX_CHUNKS = 1 << 21;

    private final long diskBytes;
    private final int chunkBytes;
    private final byte[] digests;
    private final byte[] ofZeroes;
    private final Hasher hasher = new Hasher();
    private final byte[] computed = new byte[DIGEST_BYTES];

    private ChunkDigests(long diskBytes, int chunkBytes, byte[] digests) {
        this.diskBytes = diskBytes;
        this.chunkBytes = chunkBytes;
        this.digests = digests;
        ofZeroes = hasher.zeroes(chunkBytes);
    }

    /** For a disk that holds zeroes only, until something else is {@link #put}. */
    public static ChunkDigests ofZeroes(long diskBytes) {
        int chunkBytes = chunkBytes(diskBytes);
        long chunks = (diskBytes + chunkBytes - 1) / chunkBytes;
        ChunkDigests all =
                new ChunkDigests(diskBytes, chunkBytes, new byte[(int) chunks * DIGEST_BYTES]);
        for (int chunk = 0; chunk < chunks; chunk++) {
            byte[] zeroes =
                    all.length(chunk) == chunkBytes
                            ? all.ofZeroes
                            : all.hasher.zeroes(all.length(chunk));
            System.arraycopy(zeroes, 0, all.digests, chunk * DIGEST_BYTES, DIGEST_BYTES);
        }
        return all;
    }

    /**
     * How large the chunks of a disk are: 64 KiB, or the power of two that makes no more than 2^21
     * of them. Both sides compute it.
     *
     * @param diskBytes up to 2^50
     */
    public static int chunkBytes(long diskBytes) {
        long chunk = MIN_CHUNK_BYTES;
        while (diskBytes > chunk * MAX_CHUNKS) {
            chunk *= 2;
        }
        return Math.toIntExact(chunk);
    }

    /** Bytes of a chunk; the last one of a disk may be shorter. */
    public int chunkBytes() {
        return chunkBytes;
    }

    /** How many chunks the disk has. */
    public int chunks() {
        return digests.length / DIGEST_BYTES;
    }

    /** Bytes of chunk {@code chunk}. */
    public int length(int chunk) {
        return (int) Math.min(chunkBytes, diskBytes - (long) chunk * chunkBytes);
    }

    /**
     * Takes what the other side says of consecutive chunks.
     *
     * @throws IllegalArgumentException if they are not chunks of this disk
     */
    public void put(int itsChunkBytes, long firstChunk, ByteBuf theirs) {
        long count = theirs.readableBytes() / DIGEST_BYTES;
        if (itsChunkBytes != chunkBytes
                || theirs.readableBytes() % DIGEST_BYTES != 0
                || firstChunk < 0
                || firstChunk > chunks() - count) {
            throw new IllegalArgumentException(
                    count
                            + " digests of "
                            + itsChunkBytes
                            + " bytes from chunk "
                            + firstChunk
                            + " (expected: of "
                            + chunkBytes
                            + " bytes, within "
                            + chunks()
                            + " chunks)");
        }
        theirs.getBytes(
                theirs.readerIndex(),
                digests,
                (int) firstChunk * DIGEST_BYTES,
                (int) count * DIGEST_BYTES);
    }

    /**
     * Whether the other copy's chunk holds exactly these bytes. Against zeroes, as in a new image,
     * they are looked at and not hashed: that is many times as fast.
     */
    public boolean isSame(int chunk, ByteBuffer bytes) {
        if (bytes.remaining() == length(chunk) && isZero(chunk)) {
            return isAllZero(bytes);
        }
        hasher.digest(bytes, computed);
        return is(chunk, computed);
    }

    /** Whether the other copy's chunk is all zeroes. */
    public boolean isZero(int chunk) {
        int length = length(chunk);
        return is(chunk, length == chunkBytes ? ofZeroes : hasher.zeroes(length));
    }

    private static boolean isAllZero(ByteBuffer bytes) {
        int at = bytes.position();
        for (; at + Long.BYTES <= bytes.limit(); at += Long.BYTES) {
            if (bytes.getLong(at) != 0) {
                return false;
            }
        }
        for (; at < bytes.limit(); at++) {
            if (bytes.get(at) != 0) {
                return false;
            }
        }
        return true;
    }

    private boolean is(int chunk, byte[] digest) {
        int at = chunk * DIGEST_BYTES;
        return Arrays.equals(digests, at, at + DIGEST_BYTES, digest, 0, DIGEST_BYTES);
    }

    /** Computes digests. Not thread-safe. */
    public static final class Hasher {
        private final MessageDigest sha256;
        private final byte[] whole = new byte[32];

        /** SHA-256 is part of every Java platform. */
        public Hasher() {
            try {
                sha256 = MessageDigest.getInstance("SHA-256");
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException(e);
            }
        }

        /** Puts the digest of the buffer's remaining bytes at the start of {@code digest}. */
        public void digest(ByteBuffer bytes, byte[] digest) {
            update(bytes);
            finish(digest);
        }

        /** Takes the buffer's remaining bytes as the next of a chunk. */
        public void update(ByteBuffer bytes) {
            sha256.update(bytes);
        }

        /** Ends a chunk: puts its digest at the start of {@code digest}. */
        public void finish(byte[] digest) {
            try {
                sha256.digest(whole, 0, whole.length);
            } catch (DigestException e) {
                throw new IllegalStateException(e);
            }
            System.arraycopy(whole, 0, digest, 0, DIGEST_BYTES);
        }

        /** The digest of so many zeroes. */
        byte[] zeroes(int length) {
            byte[] digest = new byte[DIGEST_BYTES];
            sha256.update(new byte[length]);
            finish(digest);
            return digest;
        }
    }
}
