package io.lb4j.discovery.measured;

import io.lb4j.ServiceDiscovery;
import io.lb4j.ServiceInstance;
import io.lb4j.discovery.FileDiscovery;
import io.lb4j.discovery.StaticDiscovery;
import io.lb4j.discovery.conformance.RealSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Where no server is needed: lists that a program sets or writes into a file. */
abstract class ProgramSource implements RealSource {
    final Map<String, Map<String, ServiceInstance>> services = new TreeMap<>();

    /** Tells of what is in all services now. */
    abstract void tell(String service) throws IOException;

    @Override
    public void put(String service, ServiceInstance instance) throws IOException {
        services.computeIfAbsent(service, key -> new TreeMap<>()).put(instance.id(), instance);
        tell(service);
    }

    @Override
    public void remove(String service, String id) throws IOException {
        Map<String, ServiceInstance> instances = services.get(service);
        if (instances == null || instances.remove(id) == null) {
            throw new IllegalArgumentException(service + "/" + id + " (expected: one that was put)");
        }
        tell(service);
    }

    @Override
    public void start() {}

    @Override
    public void kill() {}

    @Override
    public boolean keepsMemory() {
        return true;
    }

    @Override
    public Set<Trait> traits() {
        return EnumSet.allOf(Trait.class);
    }

    @Override
    public String address() {
        return "";
    }

    @Override
    public void close() {}

    /** Sets them in each discovery there is. */
    static final class InProgram extends ProgramSource {
        private final List<StaticDiscovery> discoveries = new ArrayList<>();

        @Override
        void tell(String service) {
            discoveries.forEach(each -> each.set(service, copies(service)));
        }

        /** Of each instance one of its own for each discovery, as from a configuration. */
        private List<ServiceInstance> copies(String service) {
            return services.getOrDefault(service, Map.of()).values().stream()
                    .map(each -> each.toBuilder().build())
                    .toList();
        }

        @Override
        public ServiceDiscovery discovery(String address) {
            StaticDiscovery discovery = StaticDiscovery.builder().build();
            discoveries.add(discovery);
            services.keySet().forEach(service -> discovery.set(service, copies(service)));
            return new Open(discovery);
        }

        /** One that is closed can't be told of a change any more. */
        private final class Open implements ServiceDiscovery {
            private final StaticDiscovery discovery;

            Open(StaticDiscovery discovery) {
                this.discovery = discovery;
            }

            @Override
            public Watch watch(String service, Listener listener) {
                return discovery.watch(service, listener);
            }

            @Override
            public boolean vouchesForEmptyLists() {
                return discovery.vouchesForEmptyLists();
            }

            @Override
            public void close() {
                discoveries.remove(discovery);
                discovery.close();
            }
        }
    }

    /** Writes a new file and moves it over the old one. */
    static final class InFile extends ProgramSource {
        private final Path file;

        InFile(Path directory) {
            file = directory.resolve("services.json");
        }

        @Override
        void tell(String service) throws IOException {
            String text = services.entrySet().stream()
                    .map(each -> "\"" + each.getKey() + "\":["
                            + each.getValue().values().stream()
                                    .map(instance -> "{\"id\":\"%s\",\"host\":\"%s\",\"port\":%d}"
                                            .formatted(instance.id(), instance.host(), instance.port()))
                                    .collect(Collectors.joining(","))
                            + "]")
                    .collect(Collectors.joining(",", "{\"services\":{", "}}"));
            Path draft = Files.writeString(file.resolveSibling("services.json.new"), text);
            Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
        }

        @Override
        public ServiceDiscovery discovery(String address) {
            return FileDiscovery.of(file);
        }
    }
}
