package remus.diskbuf.nbd;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Does nothing, and answers when the test says so. */
final class LateExport implements Export {
    final List<String> calls = new ArrayList<>();
    final List<Completion> pending = new ArrayList<>();
    final boolean readOnly;

    LateExport(boolean readOnly) {
        this.readOnly = readOnly;
    }

    private void note(String call, Completion done) {
        calls.add(call);
        pending.add(done);
    }

    @Override
    public String name() {
        return Client.NAME;
    }

    @Override
    public long sizeBytes() {
        return 1L << 40;
    }

    @Override
    public boolean isReadOnly() {
        return readOnly;
    }

    @Override
    public boolean isMultiConn() {
        return false;
    }

    @Override
    public void read(long offset, int length, ByteBuf into, Completion done) {
        into.writeZero(length);
        note("read " + offset + " " + length, done);
    }

    @Override
    public void write(long offset, ByteBuf payload, boolean durable, Completion done) {
        int bytes = payload.readableBytes();
        String text = bytes > 100 ? bytes + " bytes" : payload.toString(StandardCharsets.UTF_8);
        payload.release();
        note("write " + offset + " " + text + (durable ? " durable" : ""), done);
    }

    @Override
    public void zero(
            long offset,
            long length,
            boolean mayPunch,
            boolean fast,
            boolean durable,
            Completion done) {
        note("zero " + offset + " " + length + " " + mayPunch + " " + fast + " " + durable, done);
    }

    @Override
    public void trim(long offset, long length, boolean durable, Completion done) {
        note("trim " + offset + " " + length + " " + durable, done);
    }

    @Override
    public void flush(Completion done) {
        note("flush", done);
    }

    @Override
    public void cache(long offset, long length, Completion done) {
        note("cache " + offset + " " + length, done);
    }

    @Override
    public void status(long offset, long length, Extents found, Completion done) {
        found.add(length, false);
        note("status " + offset + " " + length, done);
    }

    @Override
    public void close() {}
}
