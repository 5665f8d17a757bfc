package io.lb4j.discovery;

import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;

/** The running thread's own generator, whichever thread runs. */
final class SharedRandom implements RandomGenerator {
    @Override
    public long nextLong() {
        return ThreadLocalRandom.current().nextLong();
    }
}
