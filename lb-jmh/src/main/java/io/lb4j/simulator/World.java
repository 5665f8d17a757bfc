package io.lb4j.simulator;

import io.lb4j.LoadProbe;
import io.lb4j.LoadReport;
import io.lb4j.ServiceInstance;
import io.lb4j.Subset;
import io.lb4j.discovery.StaticDiscovery;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** What one run has in common: time, servers, discovery, the network, and where chance comes from. */
final class World {
    static final String SERVICE = "service";

    final Clock clock = new Clock();
    final StaticDiscovery discovery = StaticDiscovery.builder().service(SERVICE).build();
    final Scenario scenario;
    private final SplittableRandom seeds;
    private final Map<String, Node> nodes = new LinkedHashMap<>();
    private List<String> listed = List.of();
    private final List<Node> everyNode = new ArrayList<>();
    private final long networkNanos;

    World(Scenario scenario, long seed) {
        this.scenario = scenario;
        this.seeds = new SplittableRandom(seed);
        this.networkNanos = scenario.network().toNanos();
    }

    /** Of one way. */
    long networkNanos() {
        return networkNanos;
    }

    /** Another stream of chance; each user has its own, so that one that draws more doesn't change the others. */
    RandomGenerator newRandom() {
        return seeds.split();
    }

    Collection<Node> nodes() {
        return nodes.values();
    }

    Node node(ServiceInstance instance) {
        return node(instance.id());
    }

    Node node(String id) {
        Node node = nodes.get(id);
        if (node == null) {
            throw new IllegalArgumentException("server: " + id + " (expected: one of " + nodes.keySet() + ")");
        }
        return node;
    }

    /** Adds a server; discovery doesn't know it yet. */
    Node add(String id, ServerSpec spec, String zone) {
        ServiceInstance.Builder instance =
                ServiceInstance.builder(id, 80).id(id).weight(spec.weight()).metadata(groups(nodes.size()));
        Node node = new Node(
                this, zone.isEmpty() ? instance.build() : instance.zone(zone).build(), spec, newRandom());
        if (nodes.putIfAbsent(id, node) != null) {
            throw new IllegalArgumentException("server: " + id + " (expected: an id of its own)");
        }
        everyNode.add(node);
        return node;
    }

    /** Of which groups of servers next to each other a server is, which begin at itself or before it. */
    private Map<String, String> groups(int place) {
        Map<String, String> groups = new HashMap<>();
        int all = scenario.servers().size();
        for (int i = 0; i < scenario.replicas() && place < all; i++) {
            groups.put("group-" + Math.floorMod(place - i, all), "member");
        }
        return groups;
    }

    /** Every group that calls are for, for the engine. */
    List<Subset> groups() {
        return scenario.replicas() == 0
                ? List.of()
                : IntStream.range(0, scenario.servers().size())
                        .mapToObj(World::subset)
                        .toList();
    }

    /** The servers of a group, for the engine. */
    static Subset subset(int group) {
        return Subset.of("group-" + group, "member");
    }

    /** Where a call can go, in the order of the start. */
    List<Node> nodes(SimulatedCall call) {
        int replicas = scenario.replicas();
        if (replicas == 0) {
            return everyNode;
        }
        List<Node> some = new ArrayList<>(replicas);
        for (int i = 0; i < replicas; i++) {
            some.add(everyNode.get((call.group + i) % scenario.servers().size()));
        }
        return some;
    }

    /** What discovery lists. */
    List<String> listed() {
        return listed;
    }

    /** Has discovery list these. */
    void list(List<String> ids) {
        List<ServiceInstance> instances = new ArrayList<>();
        ids.forEach(id -> instances.add(node(id).instance));
        listed = List.copyOf(ids);
        discovery.set(SERVICE, instances);
    }

    /** An attempt on its way there, at the server and on its way back. */
    final class Flight extends Attempt implements Runnable {
        private final Node node;
        private final SimulatedCall call;
        private final Attempt caller;
        private Station.@Nullable Job job;
        private boolean abandoned;
        private boolean answered;
        private int status;

        private Flight(Node node, SimulatedCall call, Attempt caller) {
            this.node = node;
            this.call = call;
            this.caller = caller;
        }

        /** It has got to where it was going. */
        @Override
        public void run() {
            if (answered) {
                boolean judged = scenario.endpoints() > 0 && status == 200;
                caller.answered(judged ? node.statusAt(call.endpoint) : status);
            } else if (!abandoned) {
                job = node.arrive(call.work, this);
            }
        }

        @Override
        void answered(int value) {
            status = value;
            answered = true;
            move();
        }

        private void move() {
            if (networkNanos == 0) {
                run();
            } else {
                clock.in(networkNanos, this);
            }
        }
    }

    /** Sends a call; the answer comes after the way there, the work and the way back. */
    Flight send(Node node, SimulatedCall call, Attempt caller) {
        Flight flight = new Flight(node, call, caller);
        flight.move();
        return flight;
    }

    /** Gives a call up; the server hears of it and stops. */
    void abandon(Flight flight) {
        flight.abandoned = true;
        flight.node.abandon(flight.job);
    }

    /** Asks servers how busy they are. */
    LoadProbe probe() {
        return (instance, timeout) -> new Question(node(instance), timeout.toNanos());
    }

    /** A question on its way there and back. */
    private final class Question extends CompletableFuture<LoadReport> implements Runnable {
        private final Node node;
        private final Clock.Event late;
        private @Nullable LoadReport report;

        Question(Node node, long timeoutNanos) {
            this.node = node;
            clock.in(networkNanos, this);
            this.late = clock.in(timeoutNanos, () -> completeExceptionally(new TimeoutException(node.instance.id())));
        }

        @Override
        public void run() {
            if (report != null) {
                late.cancel();
                complete(report);
            } else if (node.isUp()) {
                report = node.report();
                clock.in(networkNanos, this);
            }
        }
    }
}
