package io.lb4j.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.module.Configuration;
import java.lang.module.ModuleFinder;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A provider in somebody else's module, with everything on the module path. */
class ThirdPartyModuleTest {
    private static final Set<String> NEEDED = Set.of(
            "io.lb4j.api",
            "io.lb4j.discovery",
            "io.github.resilience4j.core",
            "org.slf4j",
            "okhttp3",
            "okio",
            "kotlin.stdlib",
            "com.fasterxml.jackson.core",
            "com.fasterxml.jackson.databind",
            "com.fasterxml.jackson.annotation",
            "org.jspecify");

    @TempDir
    Path dir;

    @Test
    void module_thatProvidesAScheme_isFound() throws Exception {
        ModuleFinder classPath = ModuleFinder.of(
                Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                        .map(Path::of)
                        .filter(path -> !path.endsWith("test-classes"))
                        .toArray(Path[]::new));
        List<Path> needed = classPath.findAll().stream()
                .filter(module -> NEEDED.contains(module.descriptor().name()))
                .map(module -> Path.of(module.location().orElseThrow()))
                .toList();
        List<Path> all = new ArrayList<>(needed);
        all.add(compiled(needed));

        Configuration configuration = ModuleLayer.boot()
                .configuration()
                .resolveAndBind(
                        ModuleFinder.of(all.toArray(Path[]::new)),
                        ModuleFinder.of(),
                        Set.of("io.lb4j.discovery", "org.slf4j"));
        ModuleLayer layer =
                ModuleLayer.boot().defineModulesWithOneLoader(configuration, ClassLoader.getPlatformClassLoader());
        Class<?> discoveries = layer.findLoader("io.lb4j.discovery").loadClass("io.lb4j.discovery.Discoveries");

        assertThat(discoveries.getModule().isNamed()).isTrue();
        assertThat(discoveries.getMethod("schemes").invoke(null))
                .asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.collection(String.class))
                .contains("file", "registry", "static", "theirs");
        Method open = discoveries.getMethod("open", String.class);
        assertThat(open.invoke(null, "theirs:?colour=blue")).hasToString("GuardedDiscovery[theirs, blue]");
        assertThatThrownBy(() -> open.invoke(null, "theirs:?color=blue"))
                .isInstanceOf(InvocationTargetException.class)
                .cause()
                .hasMessageStartingWith("color (did you mean 'colour'?): unknown (expected: parameters of [");
    }

    private Path compiled(List<Path> modulePath) throws IOException {
        Path sources = dir.resolve("sources");
        write(
                sources.resolve("module-info.java"),
                "module com.example.theirs { requires io.lb4j.discovery;"
                        + " provides io.lb4j.discovery.DiscoveryProvider with com.example.theirs.Theirs; }");
        write(
                sources.resolve("com/example/theirs/Theirs.java"),
                "package com.example.theirs;"
                        + " import io.lb4j.discovery.*;"
                        + " public class Theirs implements DiscoveryProvider {"
                        + "  public String scheme() { return \"theirs\"; }"
                        + "  public io.lb4j.ServiceDiscovery open(DiscoveryUri uri) {"
                        + "   String colour = uri.string(\"colour\", \"red\");"
                        + "   return new io.lb4j.ServiceDiscovery() {"
                        + "    public Watch watch(String service, Listener listener) { return () -> {}; }"
                        + "    public void close() {}"
                        + "    public String toString() { return \"theirs, \" + colour; }"
                        + "   }; } }");
        Path classes = dir.resolve("classes");
        StringWriter messages = new StringWriter();
        PrintWriter out = new PrintWriter(messages);
        int code;
        try (Stream<Path> files = Files.walk(sources)) {
            List<String> arguments = new ArrayList<>(List.of(
                    "-proc:none",
                    "-d",
                    classes.toString(),
                    "--module-path",
                    String.join(
                            File.pathSeparator,
                            modulePath.stream().map(Path::toString).toList())));
            files.filter(Files::isRegularFile).map(Path::toString).forEach(arguments::add);
            code = ToolProvider.findFirst("javac").orElseThrow().run(out, out, arguments.toArray(String[]::new));
        }
        assertThat(code).as(messages.toString()).isZero();
        return classes;
    }

    private static void write(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }
}
