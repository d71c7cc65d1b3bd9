package remus.diskbuf.nbd;

import io.netty.buffer.ByteBuf;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import remus.domain.DomainException;
import remus.domain.linux.DescriptorLibrary;
import remus.domain.linux.Errno;

/**
 * A raw image in a file, or a block device. Its own threads wait for the storage. Writes go to the
 * page cache; a flush, or a write that must be durable, is an fdatasync(2).
 */
public final class FileExport implements Export {
    /** As many reads and writes wait for the storage at one time. */
    private static final int THREADS = 4;

    /** More than all connections of a server may have in flight. */
    private static final int MAX_QUEUED = NbdServer.MAX_CONNECTIONS * NbdTransmission.MAX_REQUESTS;

    private static final int ZEROS_BYTES = 1 << 20;
    private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(ZEROS_BYTES);
    private static final Logger log = LoggerFactory.getLogger(FileExport.class);

    private final String name;
    private final Path image;
    private final boolean readOnly;
    private final FileChannel channel;
    private final int descriptor;
    private final long bytes;
    private final ArrayDeque<Job> idle = new ArrayDeque<>();
    private final ThreadPoolExecutor threads =
            new ThreadPoolExecutor(
                    THREADS,
                    THREADS,
                    0,
                    TimeUnit.SECONDS,
                    new ArrayBlockingQueue<>(MAX_QUEUED),
                    new DefaultThreadFactory("remus-image", true));

    private FileExport(
            String name, Path image, boolean readOnly, FileChannel channel, int descriptor)
            throws IOException {
        this.name = name;
        this.image = image;
        this.readOnly = readOnly;
        this.channel = channel;
        this.descriptor = descriptor;
        bytes = channel.size();
    }

    /**
     * Opens an image.
     *
     * @param name as clients ask for it
     * @throws DomainException {@code cannot-open-image}, {@code image-in-use}
     */
    public static FileExport open(String name, Path image, boolean readOnly) {
        try {
            if (Files.isDirectory(image)) {
                throw new IOException("it is a directory");
            }
            FileChannel channel =
                    FileChannel.open(
                            image,
                            readOnly
                                    ? Set.of(StandardOpenOption.READ)
                                    : Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE));
            int descriptor =
                    DescriptorLibrary.open(
                            image.toString(),
                            readOnly ? ImageFileLibrary.O_RDONLY : ImageFileLibrary.O_RDWR);
            if (descriptor < 0) {
                channel.close();
                throw new IOException(ImageFileLibrary.strerror(Errno.last()));
            }
            if (!readOnly && !ImageLock.take(channel)) {
                DescriptorLibrary.close(descriptor);
                channel.close();
                throw new DomainException(
                        "image-in-use",
                        "the image " + image + " is written by another process, such as a QEMU",
                        "end that, or serve another image");
            }
            return new FileExport(name, image, readOnly, channel, descriptor);
        } catch (IOException cause) {
            throw new DomainException(
                    "cannot-open-image",
                    "the image " + image + " cannot be opened: " + cause,
                    "give a raw image or a block device that exists"
                            + (readOnly ? "" : " and may be written, or serve it read-only"),
                    cause);
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long sizeBytes() {
        return bytes;
    }

    @Override
    public boolean isReadOnly() {
        return readOnly;
    }

    @Override
    public boolean isMultiConn() {
        return true; // one page cache, and fdatasync covers all of it
    }

    private enum Operation {
        READ,
        WRITE,
        ZERO,
        TRIM,
        FLUSH,
        CACHE,
        STATUS
    }

    /** One request, done on a thread of ours; used again for a later one. */
    private final class Job implements Runnable {
        private Operation operation = Operation.FLUSH;
        private long offset;
        private long length;
        private @Nullable ByteBuf data;
        private @Nullable Extents found;
        private boolean mayPunch;
        private boolean fast;
        private boolean durable;
        private @Nullable Completion done;

        @Override
        public void run() {
            NbdError error = perform();
            final Completion answer = done;
            data = null;
            found = null;
            done = null;
            synchronized (idle) {
                idle.push(this);
            }
            if (answer == null) {
                throw new IllegalStateException("a request without an asker");
            }
            if (error == null) {
                answer.done();
            } else {
                answer.fail(error);
            }
        }

        private @Nullable NbdError perform() {
            try {
                return FileExport.this.perform(this);
            } catch (IOException e) {
                log.error("{}: {}", image, e.toString());
                String full = ImageFileLibrary.strerror(ImageFileLibrary.ENOSPC);
                return full.equals(e.getMessage()) ? NbdError.ENOSPC : NbdError.EIO;
            } catch (RuntimeException e) {
                log.error("bug: {}", image, e);
                return NbdError.EIO;
            }
        }
    }

    private Job job(Operation operation, long offset, long length, Completion done) {
        Job job;
        synchronized (idle) {
            job = idle.isEmpty() ? new Job() : idle.pop();
        }
        job.operation = operation;
        job.offset = offset;
        job.length = length;
        job.done = done;
        return job;
    }

    private void submit(Job job, Completion done) {
        try {
            threads.execute(job);
        } catch (RejectedExecutionException full) {
            log.error("{}: more than {} requests, or it is closed", image, MAX_QUEUED, full);
            ByteBuf payload = job.operation == Operation.WRITE ? job.data : null;
            if (payload != null) {
                payload.release();
            }
            done.fail(NbdError.ENOMEM);
        }
    }

    private @Nullable NbdError perform(Job job) throws IOException {
        return switch (job.operation) {
            case READ -> read(job.offset, (int) job.length, Objects.requireNonNull(job.data));
            case WRITE -> write(job.offset, Objects.requireNonNull(job.data), job.durable);
            case ZERO -> zero(job);
            case TRIM -> {
                allocate(ImageFileLibrary.PUNCH_HOLE, job.offset, job.length);
                yield sync(job.durable);
            }
            case FLUSH -> sync(!readOnly);
            case CACHE -> cache(job.offset, job.length);
            case STATUS -> status(job.offset, job.length, Objects.requireNonNull(job.found));
        };
    }

    @Override
    public void read(long offset, int length, ByteBuf into, Completion done) {
        Job job = job(Operation.READ, offset, length, done);
        job.data = into;
        submit(job, done);
    }

    private @Nullable NbdError read(long offset, int length, ByteBuf into) throws IOException {
        int missing = length;
        while (missing > 0) {
            int got = into.writeBytes(channel, offset + length - missing, missing);
            if (got <= 0) {
                throw new IOException("the file ends before " + bytes + " bytes");
            }
            missing -= got;
        }
        return null;
    }

    @Override
    public void write(long offset, ByteBuf payload, boolean durable, Completion done) {
        Job job = job(Operation.WRITE, offset, payload.readableBytes(), done);
        job.data = payload;
        job.durable = durable;
        submit(job, done);
    }

    private @Nullable NbdError write(long offset, ByteBuf payload, boolean durable)
            throws IOException {
        try {
            for (long at = offset; payload.isReadable(); ) {
                at += payload.readBytes(channel, at, payload.readableBytes());
            }
        } finally {
            payload.release();
        }
        return sync(durable);
    }

    private @Nullable NbdError sync(boolean durable) throws IOException {
        if (durable) {
            channel.force(false);
        }
        return null;
    }

    @Override
    public void zero(
            long offset,
            long length,
            boolean mayPunch,
            boolean fast,
            boolean durable,
            Completion done) {
        Job job = job(Operation.ZERO, offset, length, done);
        job.mayPunch = mayPunch;
        job.fast = fast;
        job.durable = durable;
        submit(job, done);
    }

    private @Nullable NbdError zero(Job job) throws IOException {
        boolean made =
                (job.mayPunch && allocate(ImageFileLibrary.PUNCH_HOLE, job.offset, job.length))
                        || allocate(ImageFileLibrary.ZERO_RANGE, job.offset, job.length);
        if (!made && job.fast) {
            return NbdError.ENOTSUP;
        }
        if (!made) {
            writeZeros(job.offset, job.length);
        }
        return sync(job.durable);
    }

    private void writeZeros(long offset, long length) throws IOException {
        ByteBuffer zeros = ZEROS.duplicate();
        long end = offset + length;
        for (long at = offset; at < end; ) {
            zeros.limit((int) Math.min(ZEROS_BYTES, end - at)).position(0);
            at += channel.write(zeros, at);
        }
    }

    @Override
    public void trim(long offset, long length, boolean durable, Completion done) {
        Job job = job(Operation.TRIM, offset, length, done);
        job.durable = durable;
        submit(job, done);
    }

    /** Whether the storage could do it. */
    private boolean allocate(int mode, long offset, long length) throws IOException {
        while (ImageFileLibrary.fallocate(descriptor, mode, offset, length) != 0) {
            int errno = Errno.last();
            if (errno == ImageFileLibrary.EOPNOTSUPP) {
                return false;
            }
            if (errno != Errno.EINTR) {
                throw new IOException(ImageFileLibrary.strerror(errno));
            }
        }
        return true;
    }

    @Override
    public void flush(Completion done) {
        submit(job(Operation.FLUSH, 0, 0, done), done);
    }

    @Override
    public void cache(long offset, long length, Completion done) {
        submit(job(Operation.CACHE, offset, length, done), done);
    }

    private @Nullable NbdError cache(long offset, long length) {
        int errno =
                ImageFileLibrary.posix_fadvise(
                        descriptor, offset, length, ImageFileLibrary.WILLNEED);
        return errno == 0 ? null : NbdError.EIO;
    }

    /** A storage that knows no holes says that everything is data. */
    @Override
    public void status(long offset, long length, Extents found, Completion done) {
        Job job = job(Operation.STATUS, offset, length, done);
        job.found = found;
        submit(job, done);
    }

    private @Nullable NbdError status(long offset, long length, Extents found) throws IOException {
        long end = offset + length;
        boolean hole = false;
        boolean more = true;
        for (long at = offset; at < end && more; hole = !hole) {
            long next = Math.min(end, endOf(hole, at, end));
            more = found.add(next - at, hole);
            at = next;
        }
        return null;
    }

    private long endOf(boolean hole, long at, long end) throws IOException {
        int whence = hole ? ImageFileLibrary.SEEK_DATA : ImageFileLibrary.SEEK_HOLE;
        long next = ImageFileLibrary.lseek(descriptor, at, whence);
        int errno = next < 0 ? Errno.last() : 0;
        if (errno == 0) {
            return next;
        }
        if (errno == ImageFileLibrary.ENXIO || errno == Errno.EINVAL) {
            return end; // no data any more, or holes are not known here
        }
        throw new IOException(ImageFileLibrary.strerror(errno));
    }

    @Override
    public void close() {
        threads.shutdown();
        try {
            while (!threads.awaitTermination(10, TimeUnit.SECONDS)) {
                log.warn("{}: still waiting for the storage", image);
            }
            channel.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            log.error("{}: closing it failed", image, e);
        }
        DescriptorLibrary.close(descriptor);
    }
}
