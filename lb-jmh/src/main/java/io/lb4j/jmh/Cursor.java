package io.lb4j.jmh;

import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.ThreadParams;

/** How many operations a thread has done; threads begin apart, lest all ask for the same keys at the same moment. */
@State(Scope.Thread)
public class Cursor {
    private static final int APART = 389;
    private int next;

    /** Takes the thread's place among the others. */
    @Setup
    public void begin(ThreadParams thread) {
        next = thread.getThreadIndex() * APART;
    }

    int next() {
        return next++;
    }
}
