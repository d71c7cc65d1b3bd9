package remus.diskbuf.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Files in memory, with a record of everything that would reach a disk, and of every sync. */
final class SimMedium implements Medium {
    /** What was done. {@code file} is the number of a file, whatever its name. */
    record Op(Kind kind, int file, long offset, ByteBuffer bytes, long length, Path from, Path to) {
        boolean changesContent() {
            return kind == Kind.WRITE || kind == Kind.RESIZE || kind == Kind.ZERO;
        }
    }

    enum Kind {
        WRITE,
        RESIZE,
        ZERO,
        SYNC,
        LINK,
        RENAME,
        UNLINK,
        SYNC_DIRECTORY
    }

    /** May fail an operation. Of a write that finds no space, the first half is written. */
    interface Fault {
        void before(Kind kind, Path path, long number) throws IOException;
    }

    private final Map<Path, Integer> names;
    private final Map<Integer, byte[]> contents;
    private final List<Op> ops = new ArrayList<>();
    private final Set<Path> locks = new HashSet<>();
    private Fault fault = (kind, path, number) -> {};
    private int nextFile;
    private long asked;

    SimMedium() {
        this(new HashMap<>(), new HashMap<>());
    }

    SimMedium(Map<Path, Integer> names, Map<Integer, byte[]> contents) {
        this.names = names;
        this.contents = contents;
        nextFile = contents.keySet().stream().mapToInt(id -> id + 1).max().orElse(0);
    }

    SimMedium copy() {
        Map<Integer, byte[]> copies = new HashMap<>();
        contents.forEach((id, bytes) -> copies.put(id, bytes.clone()));
        return new SimMedium(new HashMap<>(names), copies);
    }

    synchronized void fault(Fault newFault) {
        fault = newFault;
    }

    synchronized List<Op> ops() {
        return List.copyOf(ops);
    }

    synchronized int opCount() {
        return ops.size();
    }

    synchronized Map<Path, Integer> names() {
        return new HashMap<>(names);
    }

    synchronized byte[] content(Path path) {
        return contents.get(names.get(path));
    }

    synchronized void content(Path path, byte[] bytes) {
        contents.put(names.computeIfAbsent(path, p -> nextFile++), bytes);
    }

    private void done(Op op) {
        ops.add(op);
        if (op.changesContent()) {
            contents.put(op.file, changed(contents.get(op.file), op, 0, Long.MAX_VALUE));
        } else {
            rename(names, op);
        }
    }

    /** What a change makes of a file, between two bytes of the change. */
    static byte[] changed(byte[] before, Op op, long fromByte, long toByte) {
        if (op.kind == Kind.RESIZE) {
            return Arrays.copyOf(before, (int) op.length);
        }
        int start = (int) Math.min(fromByte, op.length);
        int end = (int) Math.min(toByte, op.length);
        int offset = (int) op.offset;
        if (op.kind == Kind.ZERO) {
            Arrays.fill(before, offset + start, offset + end, (byte) 0);
            return before;
        }
        byte[] after = offset + end > before.length ? Arrays.copyOf(before, offset + end) : before;
        op.bytes.get(start, after, offset + start, end - start);
        return after;
    }

    static void rename(Map<Path, Integer> names, Op op) {
        switch (op.kind) {
            case LINK -> names.put(op.to, op.file);
            case RENAME -> names.put(op.to, names.remove(op.from));
            case UNLINK -> names.remove(op.from);
            default -> {}
        }
    }

    private void ask(Kind kind, Path path) throws IOException {
        fault.before(kind, path, asked++);
    }

    @Override
    public void makeDirectories(Path directory) {}

    @Override
    public synchronized Closeable lock(Path file) throws IOException {
        if (!locks.add(file)) {
            throw new IOException("locked");
        }
        return () -> locks.remove(file);
    }

    @Override
    public synchronized boolean exists(Path file) {
        return names.containsKey(file);
    }

    @Override
    public synchronized StoreFile open(Path file) throws IOException {
        if (!names.containsKey(file)) {
            ask(Kind.LINK, file);
            int id = nextFile++;
            contents.put(id, new byte[0]);
            done(new Op(Kind.LINK, id, 0, null, 0, null, file));
        }
        return new SimFile(file, names.get(file));
    }

    @Override
    public synchronized void replace(Path from, Path to) throws IOException {
        ask(Kind.RENAME, to);
        done(new Op(Kind.RENAME, -1, 0, null, 0, from, to));
    }

    @Override
    public synchronized void delete(Path file) throws IOException {
        if (names.containsKey(file)) {
            ask(Kind.UNLINK, file);
            done(new Op(Kind.UNLINK, -1, 0, null, 0, file, null));
        }
    }

    @Override
    public synchronized void syncDirectory(Path directory) throws IOException {
        ask(Kind.SYNC_DIRECTORY, directory);
        done(new Op(Kind.SYNC_DIRECTORY, -1, 0, null, 0, directory, null));
    }

    private final class SimFile implements StoreFile {
        private final Path path;
        private final int id;
        private boolean open = true;

        SimFile(Path path, int id) {
            this.path = path;
            this.id = id;
        }

        private void change(Kind kind, long offset, ByteBuffer bytes, long length)
                throws IOException {
            synchronized (SimMedium.this) {
                if (!open) {
                    throw new IOException(path + " is closed");
                }
                try {
                    ask(kind, path);
                } catch (NoSpaceException e) {
                    if (kind == Kind.WRITE) {
                        ByteBuffer half = bytes.slice(0, bytes.capacity() / 2);
                        done(new Op(kind, id, offset, half, half.capacity(), path, null));
                    }
                    throw e;
                }
                done(new Op(kind, id, offset, bytes, length, path, null));
            }
        }

        @Override
        public long size() {
            synchronized (SimMedium.this) {
                return contents.get(id).length;
            }
        }

        @Override
        public void resize(long bytes) throws IOException {
            if (bytes != size()) {
                change(Kind.RESIZE, 0, null, bytes);
            }
        }

        @Override
        public void allocate(long bytes) throws IOException {
            synchronized (SimMedium.this) {
                ask(Kind.RESIZE, path);
            }
        }

        @Override
        public void write(long offset, ByteBuffer... sources) throws IOException {
            int bytes = 0;
            for (ByteBuffer source : sources) {
                bytes += source.remaining();
            }
            ByteBuffer all = ByteBuffer.allocate(bytes);
            for (ByteBuffer source : sources) {
                all.put(source);
            }
            change(Kind.WRITE, offset, all, bytes);
        }

        @Override
        public void zero(long offset, long lengthBytes, boolean keepSpace) throws IOException {
            change(Kind.ZERO, offset, null, lengthBytes);
        }

        @Override
        public int read(long offset, ByteBuffer target) {
            synchronized (SimMedium.this) {
                byte[] bytes = contents.get(id);
                int read = (int) Math.max(0, Math.min(target.remaining(), bytes.length - offset));
                if (read > 0) {
                    target.put(bytes, (int) offset, read);
                }
                return read;
            }
        }

        @Override
        public long nextData(long offset) {
            return offset;
        }

        @Override
        public void sync() throws IOException {
            change(Kind.SYNC, 0, null, 0);
        }

        @Override
        public void close() {
            open = false;
        }
    }
}
