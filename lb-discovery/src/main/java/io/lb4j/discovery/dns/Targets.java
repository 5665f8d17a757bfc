package io.lb4j.discovery.dns;

import io.lb4j.ServiceInstance;
import io.lb4j.discovery.dns.DnsAnswer.Outcome;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.SRVRecord;
import org.xbill.DNS.Type;

/** Makes instances of records. Remembers where the targets of SRV records were. For one question at a time. */
final class Targets {
    private static final int MAX_PRIORITY = 127;

    /** So many targets are asked for at a time. */
    private static final int LANES = 8;

    private final DnsResolver resolver;
    private final ExecutorService workers;
    private final Rules rules;
    private final Map<Name, DnsAnswer> known = new ConcurrentHashMap<>();

    /**
     * What the user set.
     *
     * @param port of all instances, or 0 to ask for SRV records
     */
    record Rules(int port, DnsDiscovery.Family family, boolean secure) {}

    /**
     * What was found.
     *
     * @param unknown whether there is no such name
     */
    record Found(boolean unknown, List<ServiceInstance> instances, List<String> complaints, long ttlSeconds) {}

    Targets(DnsResolver resolver, ExecutorService workers, Rules rules) {
        this.resolver = resolver;
        this.workers = workers;
        this.rules = rules;
    }

    /** Asks, and waits. */
    Found find(String name) throws IOException {
        DnsAnswer answer =
                resolver.search(name, rules.port > 0 ? this::addresses : each -> resolver.ask(each, Type.SRV));
        if (answer.outcome() != Outcome.FOUND) {
            return new Found(answer.outcome() == Outcome.NO_NAME, List.of(), List.of(), answer.ttlSeconds());
        }
        if (rules.port == 0) {
            return services(answer);
        }
        List<ServiceInstance> instances = new ArrayList<>();
        for (String host : hosts(answer)) {
            instances.add(ServiceInstance.builder(host, rules.port)
                    .secure(rules.secure)
                    .build());
        }
        return new Found(false, instances, List.of(), answer.ttlSeconds());
    }

    private DnsAnswer addresses(Name name) throws IOException {
        if (rules.family == DnsDiscovery.Family.IPV6) {
            return resolver.ask(name, Type.AAAA);
        }
        DnsAnswer ipv4 = resolver.ask(name, Type.A);
        // A name that doesn't exist has no addresses of any kind (RFC 8020).
        boolean enough = ipv4.outcome() == Outcome.NO_NAME
                || rules.family == DnsDiscovery.Family.IPV4
                || (rules.family == DnsDiscovery.Family.PREFER_IPV4 && ipv4.outcome() == Outcome.FOUND);
        return enough ? ipv4 : ipv4.with(resolver.ask(name, Type.AAAA));
    }

    /** In a fixed order, since servers rotate theirs and that is no news. */
    private static Set<String> hosts(DnsAnswer answer) {
        Set<String> hosts = new TreeSet<>();
        for (Record each : answer.records()) {
            InetAddress address = address(each);
            if (address != null) {
                hosts.add(address.getHostAddress());
            }
        }
        return hosts;
    }

    private static @Nullable InetAddress address(Record each) {
        if (each instanceof ARecord ipv4) {
            return ipv4.getAddress();
        }
        return each instanceof AAAARecord ipv6 ? ipv6.getAddress() : null;
    }

    private Found services(DnsAnswer answer) throws IOException {
        List<SRVRecord> records = new ArrayList<>();
        Set<Name> names = new LinkedHashSet<>();
        for (Record each : answer.records()) {
            // A target that is the root says that the service is decidedly not there (RFC 2782).
            if (each instanceof SRVRecord srv && !srv.getTarget().equals(Name.root)) {
                records.add(srv);
                names.add(srv.getTarget());
            }
        }
        known.keySet().retainAll(names);
        Map<Name, DnsAnswer> told = told(answer);
        Map<Name, IOException> troubles = new ConcurrentHashMap<>();
        Map<Name, DnsAnswer> fresh = new ConcurrentHashMap<>();
        askFor(List.copyOf(names), name -> {
            DnsAnswer target = told.get(name);
            try {
                DnsAnswer asked = target != null ? target : addresses(name);
                known.put(name, asked);
                fresh.put(name, asked);
            } catch (IOException e) {
                troubles.put(name, e);
            }
        });
        long ttl = answer.ttlSeconds();
        for (DnsAnswer each : fresh.values()) {
            ttl = Math.min(ttl, each.ttlSeconds());
        }
        // What can't be asked now is where it was.
        IOException trouble = troubles.values().stream().findFirst().orElse(null);
        if (trouble != null && names.stream().noneMatch(known::containsKey)) {
            throw trouble;
        }
        List<String> complaints = new ArrayList<>();
        List<ServiceInstance> instances = instances(records, complaints);
        troubles.values().forEach(each -> complaints.add(String.valueOf(each.getMessage())));
        return new Found(false, instances, complaints, troubles.isEmpty() ? ttl : 0);
    }

    /** The addresses that came with the answer; a set of records comes as a whole or not at all (RFC 2181). */
    private Map<Name, DnsAnswer> told(DnsAnswer answer) {
        Map<Name, DnsAnswer> told = new HashMap<>();
        int type = rules.family == DnsDiscovery.Family.IPV6 ? Type.AAAA : Type.A;
        if (rules.family != DnsDiscovery.Family.BOTH) {
            for (Record each : answer.additional()) {
                if (each.getType() == type) {
                    told.merge(
                            each.getName(),
                            new DnsAnswer(Outcome.FOUND, List.of(each), List.of(), each.getTTL()),
                            DnsAnswer::with);
                }
            }
        }
        return told;
    }

    private interface Ask {
        void ask(Name name);
    }

    private void askFor(List<Name> names, Ask ask) throws IOException {
        AtomicInteger next = new AtomicInteger();
        Runnable lane = () -> {
            for (int i = next.getAndIncrement(); i < names.size(); i = next.getAndIncrement()) {
                ask.ask(names.get(i));
            }
        };
        List<Future<?>> others = new ArrayList<>();
        for (int i = 1; i < Math.min(LANES, names.size()); i++) {
            others.add(workers.submit(lane));
        }
        lane.run();
        for (Future<?> other : others) {
            try {
                other.get();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            } catch (ExecutionException e) {
                throw new IOException(String.valueOf(e.getCause()), e);
            }
        }
    }

    private List<ServiceInstance> instances(List<SRVRecord> records, List<String> complaints) {
        List<Integer> levels =
                records.stream().map(SRVRecord::getPriority).sorted().distinct().toList();
        Map<Integer, long[]> weights = new HashMap<>();
        for (SRVRecord record : records) {
            long[] sum = weights.computeIfAbsent(record.getPriority(), any -> new long[2]);
            sum[0] += record.getWeight();
            sum[1] += record.getWeight() == 0 ? 1 : 0;
        }
        Map<String, ServiceInstance> byId = new TreeMap<>();
        for (SRVRecord record : sorted(records)) {
            DnsAnswer target = known.get(record.getTarget());
            if (target == null) {
                continue;
            }
            if (target.outcome() != Outcome.FOUND) {
                complaints.add(record.getTarget() + " has no address (expected: A or AAAA records for the target of "
                        + record.getName() + ")");
                continue;
            }
            Set<String> hosts = hosts(target);
            long[] sum = weights.getOrDefault(record.getPriority(), new long[2]);
            for (String host : hosts) {
                add(record, host, weight(record, sum) / hosts.size(), levels, byId, complaints);
            }
        }
        return List.copyOf(byId.values());
    }

    /** Best first, so that of two that lead to one address the better one counts. */
    private static List<SRVRecord> sorted(List<SRVRecord> records) {
        return records.stream()
                .sorted(Comparator.comparingInt(SRVRecord::getPriority)
                        .thenComparing(SRVRecord::getTarget)
                        .thenComparingInt(SRVRecord::getPort))
                .toList();
    }

    /**
     * The weight of one target. All zero means that nobody cares; otherwise those of weight 0 have together the chance of one in the
     * sum and one, as in the algorithm of RFC 2782, since to a balancer 0 would mean none.
     *
     * @param sum of the weights of the priority, and how many of them are 0
     */
    private static double weight(SRVRecord record, long[] sum) {
        if (sum[0] == 0) {
            return 1;
        }
        return record.getWeight() == 0 ? 1.0 / sum[1] : record.getWeight();
    }

    private void add(
            SRVRecord record,
            String host,
            double weight,
            List<Integer> levels,
            Map<String, ServiceInstance> byId,
            List<String> complaints) {
        ServiceInstance instance;
        try {
            instance = ServiceInstance.builder(host, record.getPort())
                    .secure(rules.secure)
                    .weight(weight)
                    .priority(Math.min(MAX_PRIORITY, levels.indexOf(record.getPriority())))
                    .metadata(Map.of(DnsDiscovery.TARGET, record.getTarget().toString(true)))
                    .build();
        } catch (IllegalArgumentException e) {
            complaints.add(record.getTarget() + " of " + record.getName() + ": " + e.getMessage());
            return;
        }
        byId.merge(
                instance.id(),
                instance,
                (first, second) -> first.priority() == second.priority()
                        ? first.toBuilder()
                                .weight(first.weight() + second.weight())
                                .build()
                        : first);
    }
}
