package io.lb4j.simulator;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * A client of Palantir's Dialogue (6291a1d, 2024), whole: its choice of nodes, the limit of calls in flight that each node
 * earns, the queue where calls wait while no node is to be had, and its retries. Written anew from what these do; for its own
 * scenarios, in which the rest of this library's engine would get in the way.
 *
 * <p>Retried are 429 and 503 whatever the method, and broken connections, four times, after a time that is drawn from 0 to
 * 250 ms, which doubles for each further retry. There is no deadline and no hedge.
 */
final class DialogueCaller implements Caller {
    private static final int RETRIES = 4;
    private static final double SLOT_NANOS = 250e6;

    private final World world;
    private final RandomGenerator random;
    private final boolean limited;
    private final Supplier<DialogueNodes> choices;
    private Channel channel;
    private List<String> known = List.of();

    /** One node as this client sees it. */
    static final class Host {
        private static final long STEP = 3_000_000_000L;
        private static final double FORGET = Math.pow(0.5, 0.1);

        final Node node;
        private final Limit whole = new Limit();
        private final Limit endpoint = new Limit();
        private final ArrayDeque<Runnable> endpointQueue = new ArrayDeque<>();
        int inFlight;
        private double failures;
        private long decayedAt;

        Host(Node node, long now) {
            this.node = node;
            this.decayedAt = now;
        }

        /** Calls in flight, and ten for each recent failure; whole, so that one 429 doesn't tip the scale. */
        int score(long now) {
            decay(now);
            return inFlight + (int) Math.round(failures);
        }

        void failed(double weight, long now) {
            decay(now);
            failures += weight;
        }

        private void decay(long now) {
            while (now - decayedAt >= STEP) {
                failures *= FORGET;
                decayedAt += STEP;
            }
        }

        /** Sends what waits here for the endpoint. */
        private void drain() {
            while (!endpointQueue.isEmpty() && endpoint.hasRoom()) {
                endpointQueue.remove().run();
            }
        }
    }

    /** Cautious increase, aggressive decrease. */
    private static final class Limit {
        private static final double BACKOFF = 0.9;

        private double limit = 20;
        private int inFlight;

        boolean hasRoom() {
            return inFlight < (int) limit;
        }

        void succeeded(int inFlightAtAcquire) {
            if (inFlightAtAcquire >= Math.floor(limit * BACKOFF)) {
                limit += 1 / limit;
            }
        }

        void dropped() {
            limit = Math.max(1, Math.floor(limit * BACKOFF));
        }

        /** A node as a whole is judged by what is no endpoint's own fault. */
        void judgeNode(int status, int inFlightAtAcquire) {
            if (status <= 0 || (status > 500 && status < 600) || status == 308) {
                dropped();
            } else if (status != 429 && status != 500) {
                succeeded(inFlightAtAcquire);
            }
        }

        void judgeEndpoint(int status, int inFlightAtAcquire) {
            if (status == 429 || status == 500) {
                dropped();
            } else if (status > 0 && status < 500) {
                succeeded(inFlightAtAcquire);
            }
        }
    }

    /** A try that waits for a node. */
    private record Waiting(SimulatedCall call, int retries) {}

    DialogueCaller(World world, boolean limited, Supplier<DialogueNodes> choices) {
        this.world = world;
        this.random = world.newRandom();
        this.limited = limited;
        this.choices = choices;
        this.channel = new Channel(List.of());
    }

    /** A change of nodes makes a new channel; calls that have begun stay with the old one. */
    @Override
    public void call(SimulatedCall call) {
        List<String> listed = world.listed();
        if (!listed.equals(known)) {
            known = listed;
            channel = new Channel(listed);
        }
        channel.attempt(new Waiting(call, 0));
    }

    /** The nodes of one time, and the calls that wait for them. */
    private final class Channel {
        private final DialogueNodes choice = choices.get();
        private final List<Host> hosts = new ArrayList<>();
        private final ArrayDeque<Waiting> queue = new ArrayDeque<>();
        private boolean draining;

        Channel(List<String> nodes) {
            nodes.forEach(id -> hosts.add(new Host(world.node(id), world.clock.nanos())));
            Collections.shuffle(hosts, new Random(random.nextLong()));
            choice.begin(hosts);
        }

        void attempt(Waiting waiting) {
            queue.add(waiting);
            drain();
        }

        /** Sends what waits, the oldest first, until there is no node for it. */
        void drain() {
            if (!draining) {
                draining = true;
                while (!queue.isEmpty() && send(queue.peek())) {
                    queue.remove();
                }
                draining = false;
            }
        }

        private boolean send(Waiting waiting) {
            return choice.tryEach(hosts, world.clock.nanos(), random, host -> {
                if (limited && !host.whole.hasRoom()) {
                    return false;
                }
                host.inFlight++;
                Sent sent = new Sent(this, waiting, host, ++host.whole.inFlight);
                if (limited && (!host.endpointQueue.isEmpty() || !host.endpoint.hasRoom())) {
                    host.endpointQueue.add(sent::go);
                } else {
                    sent.go();
                }
                return true;
            });
        }

        private void ended(Waiting waiting, int status) {
            boolean retriable = status <= 0 || status == 429 || status == 503;
            if (!retriable || waiting.retries() == RETRIES) {
                waiting.call().end(status >= 200 && status < 300);
                return;
            }
            double nanos = SLOT_NANOS * random.nextDouble() * (1 << waiting.retries());
            world.clock.in((long) nanos, () -> attempt(new Waiting(waiting.call(), waiting.retries() + 1)));
        }
    }

    /** A try that a node has taken. */
    private final class Sent extends Attempt {
        private final Channel sender;
        private final Waiting waiting;
        private final Host host;
        private final int pin;
        private final int atNode;
        private int atEndpoint;

        Sent(Channel sender, Waiting waiting, Host host, int atNode) {
            this.sender = sender;
            this.waiting = waiting;
            this.host = host;
            this.pin = sender.choice.pin();
            this.atNode = atNode;
        }

        void go() {
            atEndpoint = ++host.endpoint.inFlight;
            waiting.call().attempted();
            world.send(host.node, waiting.call(), this);
        }

        @Override
        void answered(int status) {
            host.endpoint.inFlight--;
            host.endpoint.judgeEndpoint(status, atEndpoint);
            host.drain();
            host.whole.inFlight--;
            host.whole.judgeNode(status, atNode);
            host.inFlight--;
            sender.choice.answered(host, status, pin, world.clock.nanos());
            sender.drain();
            sender.ended(waiting, status);
        }
    }

    /** Tries to send to a node; whether it took the call. */
    interface Send {
        boolean to(Host host);
    }
}
