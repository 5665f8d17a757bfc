package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.lang.module.Configuration;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.lang.module.ResolvedModule;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The tests run on the class path; that an application may use the module path instead is checked here. */
class ModulePathTest {
    private static final ModuleFinder CLASS_PATH =
            ModuleFinder.of(Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                    .map(Path::of)
                    .toArray(Path[]::new));

    @Test
    void modules_onTheModulePath_resolve() {
        // The descriptor of resilience4j is automatic and so doesn't say that it needs slf4j.
        Map<String, Path> needed = closure("io.lb4j.okhttp", "org.slf4j");
        ModuleFinder modulePath = ModuleFinder.of(needed.values().toArray(Path[]::new));

        Configuration resolved =
                ModuleLayer.boot().configuration().resolve(modulePath, ModuleFinder.of(), List.of("io.lb4j.okhttp"));

        assertThat(resolved.modules().stream().map(ResolvedModule::name))
                .contains("io.lb4j.api", "io.lb4j.strategies", "io.lb4j.discovery", "io.lb4j.okhttp", "okhttp3");
    }

    @ParameterizedTest
    @CsvSource({
        "io.lb4j.api, io.lb4j io.lb4j.balancer io.lb4j.health io.lb4j.retry io.lb4j.affinity io.lb4j.socket io.lb4j.scaling",
        "io.lb4j.strategies, io.lb4j.strategy io.lb4j.strategy.decorator",
        "io.lb4j.discovery, io.lb4j.discovery io.lb4j.discovery.consul io.lb4j.discovery.decorator io.lb4j.discovery.dns io.lb4j.discovery.etcd io.lb4j.discovery.eureka io.lb4j.discovery.kubernetes io.lb4j.discovery.zookeeper io.lb4j.server",
        "io.lb4j.okhttp, io.lb4j.okhttp io.lb4j.okhttp.rules",
    })
    void module_exports_itsPublicPackagesAndNoMore(String module, String packages) {
        ModuleDescriptor descriptor =
                CLASS_PATH.find(module).map(ModuleReference::descriptor).orElseThrow();

        assertThat(descriptor.exports().stream()
                        .filter(exports -> !exports.isQualified())
                        .map(ModuleDescriptor.Exports::source)
                        .collect(Collectors.toSet()))
                .isEqualTo(Set.of(packages.split(" ")));
        assertThat(descriptor.isOpen()).isFalse();
    }

    private static Map<String, Path> closure(String... roots) {
        Map<String, Path> found = new LinkedHashMap<>();
        ArrayDeque<String> open = new ArrayDeque<>(List.of(roots));
        List<String> missing = new ArrayList<>();
        while (!open.isEmpty()) {
            String name = open.remove();
            if (found.containsKey(name) || ModuleFinder.ofSystem().find(name).isPresent()) {
                continue;
            }
            ModuleReference reference = CLASS_PATH.find(name).orElse(null);
            if (reference == null) {
                missing.add(name);
                continue;
            }
            found.put(name, Path.of(reference.location().orElseThrow()));
            reference.descriptor().requires().stream()
                    .filter(requires -> !requires.modifiers().contains(ModuleDescriptor.Requires.Modifier.STATIC))
                    .forEach(requires -> open.add(requires.name()));
        }
        assertThat(missing).as("modules that are on no path").isEmpty();
        return found;
    }
}
