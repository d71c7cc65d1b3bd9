package remus.diskbuf.store;

import com.sun.jna.Native;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A file of the host: a channel, and a descriptor of its own for what channels cannot do. */
final class ChannelFile implements StoreFile {
    private static final ByteBuffer ZEROES = ByteBuffer.allocateDirect(1 << 20).asReadOnlyBuffer();

    private final Path path;
    private final FileChannel channel;
    private final int fd;
    private boolean closed;

    ChannelFile(Path path) throws IOException {
        this.path = path;
        channel =
                FileChannel.open(
                        path,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE);
        fd = FileLibrary.open(path.toString(), FileLibrary.OPEN_READ_WRITE);
        if (fd < 0) {
            int errno = Native.getLastError();
            channel.close();
            throw failed("open", errno);
        }
    }

    @Override
    public long size() throws IOException {
        return channel.size();
    }

    @Override
    public void resize(long bytes) throws IOException {
        if (bytes < channel.size()) {
            channel.truncate(bytes);
        } else if (bytes > channel.size()) {
            // a channel grows by a write only; the last byte of a hole is zero
            write(bytes - 1, ByteBuffer.allocate(1));
        }
    }

    @Override
    public void allocate(long bytes) throws IOException {
        int errno = fallocate(FileLibrary.KEEP_SIZE, 0, bytes);
        if (errno != 0 && !isUnsupported(errno)) {
            throw failed("fallocate", errno);
        }
    }

    @Override
    public void write(long offset, ByteBuffer... sources) throws IOException {
        try {
            if (sources.length == 1) {
                for (long at = offset; sources[0].hasRemaining(); ) {
                    at += channel.write(sources[0], at);
                }
                return;
            }
            long bytes = 0;
            for (ByteBuffer source : sources) {
                bytes += source.remaining();
            }
            // gathering writes know the channel's own position only
            synchronized (this) {
                channel.position(offset);
                while (bytes > 0) {
                    bytes -= channel.write(sources);
                }
            }
        } catch (IOException e) {
            throw isNoSpace(e) ? new NoSpaceException(path + ": " + e.getMessage(), e) : e;
        }
    }

    /** The JDK tells errors by the C library's text only, which depends on the locale. */
    private static boolean isNoSpace(IOException e) {
        String text = e.getMessage();
        return text != null
                && (text.contains(FileLibrary.strerror(FileLibrary.ENOSPC))
                        || text.contains(FileLibrary.strerror(FileLibrary.EDQUOT)));
    }

    @Override
    public void zero(long offset, long lengthBytes, boolean keepSpace) throws IOException {
        int mode = keepSpace ? FileLibrary.ZERO_RANGE : FileLibrary.PUNCH_HOLE;
        int errno = fallocate(mode, offset, lengthBytes);
        if (errno == 0) {
            return;
        }
        if (!isUnsupported(errno)) {
            throw failed("fallocate", errno);
        }
        for (long done = 0; done < lengthBytes; ) {
            int piece = (int) Math.min(ZEROES.capacity(), lengthBytes - done);
            write(offset + done, ZEROES.slice(0, piece));
            done += piece;
        }
    }

    private int fallocate(int mode, long offset, long lengthBytes) {
        while (FileLibrary.fallocate(fd, mode, offset, lengthBytes) != 0) {
            int errno = Native.getLastError();
            if (errno != FileLibrary.EINTR) {
                return errno;
            }
        }
        return 0;
    }

    private static boolean isUnsupported(int errno) {
        return errno == FileLibrary.EOPNOTSUPP || errno == FileLibrary.ENOSYS;
    }

    private IOException failed(String call, int errno) {
        String what = path + ": " + call + ": " + FileLibrary.strerror(errno);
        return errno == FileLibrary.ENOSPC || errno == FileLibrary.EDQUOT
                ? new NoSpaceException(what)
                : new IOException(what);
    }

    @Override
    public int read(long offset, ByteBuffer target) throws IOException {
        int read = 0;
        while (target.hasRemaining()) {
            int piece = channel.read(target, offset + read);
            if (piece < 0) {
                break;
            }
            read += piece;
        }
        return read;
    }

    @Override
    public long nextData(long offset) throws IOException {
        long next = FileLibrary.lseek(fd, offset, FileLibrary.SEEK_DATA);
        if (next >= 0) {
            return next;
        }
        int errno = Native.getLastError();
        if (errno == FileLibrary.ENXIO) {
            return size();
        }
        if (errno == FileLibrary.EINVAL) {
            return offset; // no hole is known to this filesystem
        }
        throw failed("lseek", errno);
    }

    @Override
    public void sync() throws IOException {
        try {
            channel.force(false);
        } catch (ClosedChannelException e) {
            throw e; // nothing was asked of the disk
        } catch (IOException e) {
            throw new SyncException(path + ": " + e.getMessage(), e);
        }
    }

    @Override
    public synchronized void close() throws IOException {
        if (!closed) {
            closed = true;
            FileLibrary.close(fd);
            channel.close();
        }
    }
}
