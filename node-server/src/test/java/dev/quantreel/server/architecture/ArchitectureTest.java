package dev.quantreel.server.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.NO_CLASSES_SHOULD_THROW_GENERIC_EXCEPTIONS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeType;
import org.junit.jupiter.api.Test;

/// The dependency rules of ARCHITECTURE.md, over the classes of all modules.
class ArchitectureTest {

    private static final String SERVER = "dev.quantreel.server..";
    private static final String JACKSON = "com.fasterxml.jackson..";

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(location -> !location.contains("/test-classes/") && !location.contains("-tests.jar"))
            .importPackages("dev.quantreel");

    @Test
    void classesOfEveryModuleWereImported() {
        assertThat(CLASSES)
                .extracting(JavaClass::getSimpleName)
                .contains(
                        "Tensor", "OnnxGraphBuilder", "NodeSpec", "BuiltinNodePack", "HttpServer", "Executor", "Main");
    }

    @Test
    void enginesKnowNeitherNodesNorServer() {
        noClasses()
                .that()
                .resideInAPackage("dev.quantreel.engines..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("dev.quantreel.nodes..", SERVER)
                .check(CLASSES);
    }

    @Test
    void nodesKnowNoServer() {
        noClasses()
                .that()
                .resideInAPackage("dev.quantreel.nodes..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(SERVER, "io.javalin..", "jakarta.servlet..")
                .check(CLASSES);
    }

    @Test
    void serverKnowsNodesOnlyThroughTheirSpi() {
        noClasses()
                .that()
                .resideInAPackage(SERVER)
                .should()
                .dependOnClassesThat(JavaClass.Predicates.resideInAPackage("dev.quantreel.nodes..")
                        .and(DescribedPredicate.not(
                                JavaClass.Predicates.resideInAPackage("dev.quantreel.nodes.spi.."))))
                .check(CLASSES);
    }

    @Test
    void servletsAndJavalinStayInHttp() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.quantreel.server.http..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.javalin..", "jakarta.servlet..", "org.eclipse.jetty..")
                .check(CLASSES);
    }

    @Test
    void jsonStaysWhereDocumentsAreRead() {
        noClasses()
                .that()
                .resideInAPackage(SERVER)
                .and()
                .resideOutsideOfPackages("dev.quantreel.server.workflow..", "dev.quantreel.server.http..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage(JACKSON)
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAPackage("dev.quantreel.engines..")
                .and()
                .resideOutsideOfPackages(
                        "dev.quantreel.engines.artifact..",
                        "dev.quantreel.engines.safetensors..",
                        "dev.quantreel.engines.checkpoint..",
                        "dev.quantreel.engines.dit..",
                        "dev.quantreel.engines.text..",
                        "dev.quantreel.engines.evaluation..",
                        "dev.quantreel.engines.export..",
                        "dev.quantreel.engines.runtime.tensorrt..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage(JACKSON)
                .check(CLASSES);
    }

    @Test
    void serverPackagesDependInOneDirection() {
        noClasses()
                .that()
                .resideInAPackage("dev.quantreel.server.workflow..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "dev.quantreel.server.graph..",
                        "dev.quantreel.server.execution..",
                        "dev.quantreel.server.http..",
                        "dev.quantreel.server.config..")
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAPackage("dev.quantreel.server.graph..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "dev.quantreel.server.execution..",
                        "dev.quantreel.server.http..",
                        "dev.quantreel.server.config..")
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAPackage("dev.quantreel.server.execution..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("dev.quantreel.server.http..", "dev.quantreel.server.config..")
                .check(CLASSES);
        noClasses()
                .that()
                .resideInAPackage("dev.quantreel.server.http..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.quantreel.server.config..")
                .check(CLASSES);
    }

    @Test
    void vectorApiStaysInTheKernels() {
        onlyIn("jdk.incubator.vector..", "dev.quantreel.engines.internal.kernel..");
    }

    @Test
    void onnxRuntimeStaysInItsEngines() {
        onlyIn("ai.onnxruntime..", "dev.quantreel.engines.runtime.ort..", "dev.quantreel.engines.runtime.djl..");
    }

    @Test
    void djlStaysInTheTokenizersTheTrainingTheNetworksOfTheUserAndItsEngine() {
        onlyIn(
                "ai.djl..",
                "dev.quantreel.engines.runtime.djl..",
                "dev.quantreel.engines.runtime.ort..",
                "dev.quantreel.engines.text..",
                "dev.quantreel.engines.torch..",
                "dev.quantreel.engines.vbench..");
    }

    @Test
    void javaCppStaysInTheVideoEncoderAndTensorRt() {
        onlyIn("org.bytedeco..", "dev.quantreel.engines.video..", "dev.quantreel.engines.runtime.tensorrt..");
    }

    private static void onlyIn(String library, String... homes) {
        noClasses()
                .that()
                .resideOutsideOfPackages(homes)
                .should()
                .dependOnClassesThat()
                .resideInAPackage(library)
                .check(CLASSES);
    }

    @Test
    void nativeCodeIsCalledByHandInTheBindingsOfTheDriverAndOfOnnxRuntimeAlone() {
        noClasses()
                .that()
                .resideOutsideOfPackages(
                        "dev.quantreel.engines.runtime.cuda.driver..", "dev.quantreel.engines.runtime.ort.binding..")
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.lang.foreign.Linker")
                .check(CLASSES);
    }

    @Test
    void nobodyThrowsBareExceptions() {
        NO_CLASSES_SHOULD_THROW_GENERIC_EXCEPTIONS.check(CLASSES);
    }

    @Test
    void nodesAreFinalAnnotatedAndStateless() {
        classes()
                .that()
                .implement(Node.class)
                .and()
                .areNotInterfaces()
                .should()
                .haveModifier(JavaModifier.FINAL)
                .andShould()
                .beAnnotatedWith(NodeType.class)
                .check(CLASSES);
        fields().that()
                .areDeclaredInClassesThat()
                .implement(Node.class)
                .should()
                .beFinal()
                .allowEmptyShould(true)
                .check(CLASSES);
    }

    @Test
    void packagesFormNoCycles() {
        slices().matching("dev.quantreel.engines.(**)")
                .should()
                .beFreeOfCycles()
                .check(CLASSES);
        slices().matching("dev.quantreel.nodes.(**)").should().beFreeOfCycles().check(CLASSES);
        slices().matching("dev.quantreel.server.(**)").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void internalPackagesStayInTheirModule() {
        noClasses()
                .that()
                .resideOutsideOfPackage("dev.quantreel.engines..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.quantreel.engines.internal..")
                .check(CLASSES);
    }
}
