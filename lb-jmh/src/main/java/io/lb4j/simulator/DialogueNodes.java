package io.lb4j.simulator;

import io.lb4j.simulator.DialogueCaller.Host;
import io.lb4j.simulator.DialogueCaller.Send;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.random.RandomGenerator;

/** How a client of Dialogue chooses nodes. */
abstract class DialogueNodes {
    private static boolean isServersFault(int status) {
        return status <= 0 || status >= 500 || status == 308;
    }

    /** These are the nodes from now on, in an order that was drawn. */
    void begin(List<Host> hosts) {}

    /** Offers a call to one node after the other until one takes it. */
    abstract boolean tryEach(List<Host> hosts, long now, RandomGenerator random, Send send);

    /** Where calls go at this moment. */
    int pin() {
        return 0;
    }

    /** @param pin what {@link #pin} was when the call was sent */
    abstract void answered(Host host, int status, int pin, long now);

    /** BALANCED: the lowest score first; none at all rather than one that is twice as bad as a busy one. */
    static final class Balanced extends DialogueNodes {
        private static final int BUSY = 5;
        private static final int TWICE = 2;

        @Override
        boolean tryEach(List<Host> hosts, long now, RandomGenerator random, Send send) {
            List<Scored> order = new ArrayList<>();
            for (Host host : hosts) {
                order.add(new Scored(host, host.score(now), host.inFlight));
            }
            Collections.shuffle(order, new Random(random.nextLong()));
            order.sort(Comparator.comparingInt(Scored::score));
            int giveUpAbove = Integer.MAX_VALUE;
            for (Scored each : order) {
                if (each.score > giveUpAbove) {
                    return false;
                }
                if (each.inFlight > BUSY) {
                    giveUpAbove = Math.min(giveUpAbove, TWICE * each.score);
                }
                if (send.to(each.host)) {
                    return true;
                }
            }
            return false;
        }

        private record Scored(Host host, int score, int inFlight) {}

        @Override
        void answered(Host host, int status, int pin, long now) {
            if (isServersFault(status)) {
                host.failed(10, now);
            } else if (status >= 400) {
                host.failed(0.1, now);
            }
        }
    }

    /** PIN_UNTIL_ERROR: one node until it fails, then the next; a new order every ten minutes. */
    static final class Pinned extends DialogueNodes {
        private static final long RESHUFFLE = Duration.ofMinutes(10).toNanos();
        private static final long JITTER = Duration.ofSeconds(30).toNanos();

        private int pin;
        private int size = 1;
        private long reshuffleAt = -1;

        @Override
        void begin(List<Host> hosts) {
            pin = 0;
            size = hosts.size();
        }

        @Override
        boolean tryEach(List<Host> hosts, long now, RandomGenerator random, Send send) {
            if (reshuffleAt < 0 || now >= reshuffleAt) {
                if (reshuffleAt >= 0) {
                    Host pinned = hosts.get(pin);
                    Collections.shuffle(hosts, new Random(random.nextLong()));
                    pin = hosts.indexOf(pinned);
                }
                reshuffleAt = now + RESHUFFLE + random.nextLong(2 * JITTER) - JITTER;
            }
            return send.to(hosts.get(pin));
        }

        @Override
        int pin() {
            return pin;
        }

        @Override
        void answered(Host host, int status, int sentTo, long now) {
            if (isServersFault(status) && pin == sentTo) {
                pin = (pin + 1) % size;
            }
        }
    }
}
