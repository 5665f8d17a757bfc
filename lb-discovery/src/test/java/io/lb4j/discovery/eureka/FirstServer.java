package io.lb4j.discovery.eureka;

import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;

/** Jitter as usual, but the first server is asked first. */
final class FirstServer implements RandomGenerator {
    @Override
    public int nextInt(int bound) {
        return 0;
    }

    @Override
    public long nextLong() {
        return ThreadLocalRandom.current().nextLong();
    }
}
