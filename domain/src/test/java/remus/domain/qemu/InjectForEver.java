package remus.domain.qemu;

import java.util.List;
import remus.domain.linux.AddressRange;
import remus.domain.linux.DirtyLog;

/** A JVM to be killed while it arms and disarms: {@code pid start bytes}, in decimal. */
final class InjectForEver {
    private InjectForEver() {}

    public static void main(String[] args) {
        long pid = Long.parseLong(args[0]);
        AddressRange range = new AddressRange(Long.parseLong(args[1]), Long.parseLong(args[2]));
        while (true) {
            DirtyLog.arm(pid, List.of(range)).close();
            System.out.println("armed and disarmed");
        }
    }
}
