package dev.quantreel.nodes;

import dev.quantreel.nodes.loading.LoadCLIPVision;
import dev.quantreel.nodes.loading.LoadDiT;
import dev.quantreel.nodes.loading.LoadDualTextEncoder;
import dev.quantreel.nodes.loading.LoadLoRA;
import dev.quantreel.nodes.loading.LoadQuantized;
import dev.quantreel.nodes.loading.LoadTextEncoder;
import dev.quantreel.nodes.loading.LoadVAE;
import dev.quantreel.nodes.quantize.ARQActivation;
import dev.quantreel.nodes.quantize.BGRQuantize;
import dev.quantreel.nodes.quantize.ClipSearchQuantize;
import dev.quantreel.nodes.quantize.DeltaGBSScheduler;
import dev.quantreel.nodes.quantize.EstimateError;
import dev.quantreel.nodes.quantize.FixedBitSchedule;
import dev.quantreel.nodes.quantize.GPTQQuantize;
import dev.quantreel.nodes.quantize.HQQQuantize;
import dev.quantreel.nodes.quantize.LayerPrecision;
import dev.quantreel.nodes.quantize.LowRankBranch;
import dev.quantreel.nodes.quantize.MethodPreset;
import dev.quantreel.nodes.quantize.MinMaxQuantize;
import dev.quantreel.nodes.quantize.OrbitQuantActivation;
import dev.quantreel.nodes.quantize.OrbitWeights;
import dev.quantreel.nodes.quantize.SVDQuant;
import dev.quantreel.nodes.quantize.SaveQuantized;
import dev.quantreel.nodes.quantize.SaveQuantizedModel;
import dev.quantreel.nodes.quantize.SelectEngine;
import dev.quantreel.nodes.quantize.SelfCalibratedQuantize;
import dev.quantreel.nodes.quantize.SelfCalibration;
import dev.quantreel.nodes.quantize.SmoothQuant;
import dev.quantreel.nodes.quantize.SymmetricQuantize;
import dev.quantreel.nodes.quantize.TokenQuantize;
import dev.quantreel.nodes.quantize.TrainErrorEstimate;
import dev.quantreel.nodes.quantize.WeightGroups;
import dev.quantreel.nodes.report.ActivationHeatMap;
import dev.quantreel.nodes.report.AddMethod;
import dev.quantreel.nodes.report.AllocateBits;
import dev.quantreel.nodes.report.BitTimeline;
import dev.quantreel.nodes.report.CalibrateMagCache;
import dev.quantreel.nodes.report.ErrorCurves;
import dev.quantreel.nodes.report.FitTeaCache;
import dev.quantreel.nodes.report.GPUReport;
import dev.quantreel.nodes.report.QuantizationReport;
import dev.quantreel.nodes.report.ReportCard;
import dev.quantreel.nodes.report.Sweep;
import dev.quantreel.nodes.report.VBenchQuality;
import dev.quantreel.nodes.sampling.BuildTensorRTEngine;
import dev.quantreel.nodes.sampling.CLIPVisionEncode;
import dev.quantreel.nodes.sampling.EasyCache;
import dev.quantreel.nodes.sampling.EmbeddedGuidance;
import dev.quantreel.nodes.sampling.EmptyVideoLatent;
import dev.quantreel.nodes.sampling.EncodePrompt;
import dev.quantreel.nodes.sampling.ExportONNX;
import dev.quantreel.nodes.sampling.FBCache;
import dev.quantreel.nodes.sampling.ImageToVideo;
import dev.quantreel.nodes.sampling.LowNoiseExpert;
import dev.quantreel.nodes.sampling.MagCache;
import dev.quantreel.nodes.sampling.ObserveSignals;
import dev.quantreel.nodes.sampling.SampleVideo;
import dev.quantreel.nodes.sampling.TeaCache;
import dev.quantreel.nodes.spi.Node;
import dev.quantreel.nodes.spi.NodeDefinition;
import dev.quantreel.nodes.spi.NodePack;
import dev.quantreel.nodes.video.CompareVideos;
import dev.quantreel.nodes.video.ComparisonSheet;
import dev.quantreel.nodes.video.DecodeVAE;
import dev.quantreel.nodes.video.EncodeVAE;
import dev.quantreel.nodes.video.LoadImage;
import dev.quantreel.nodes.video.LoadLatent;
import dev.quantreel.nodes.video.PreviewVideo;
import dev.quantreel.nodes.video.SaveVideo;
import java.util.List;
import java.util.stream.Stream;

/// The nodes that come with the server.
public final class BuiltinNodePack implements NodePack {

    @Override
    public String name() {
        return "quantreel";
    }

    /// In the order in which the palette shows them: that of a workflow from left to right.
    @Override
    public List<NodeDefinition> nodes() {
        return Stream.of(loading(), quantizing(), sampling(), video(), reports())
                .flatMap(nodes -> nodes)
                .<NodeDefinition>map(NodeDefinition::of)
                .toList();
    }

    private static Stream<Node<?, ?>> loading() {
        return Stream.of(
                new LoadDiT(),
                new LoadQuantized(),
                new LoadTextEncoder(),
                new LoadDualTextEncoder(),
                new LoadVAE(),
                new LoadCLIPVision(),
                new LoadLoRA(),
                new SelectEngine());
    }

    private static Stream<Node<?, ?>> quantizing() {
        return Stream.of(
                new MethodPreset(),
                new SelfCalibratedQuantize(),
                new SVDQuant(),
                new BGRQuantize(),
                new MinMaxQuantize(),
                new ClipSearchQuantize(),
                new SymmetricQuantize(),
                new HQQQuantize(),
                new OrbitWeights(),
                new GPTQQuantize(),
                new WeightGroups(),
                new LayerPrecision(),
                new ARQActivation(),
                new TokenQuantize(),
                new OrbitQuantActivation(),
                new SmoothQuant(),
                new LowRankBranch(),
                new EstimateError(),
                new TrainErrorEstimate(),
                new SelfCalibration(),
                new AllocateBits(),
                new DeltaGBSScheduler(),
                new FixedBitSchedule(),
                new SaveQuantized(),
                new SaveQuantizedModel());
    }

    private static Stream<Node<?, ?>> sampling() {
        return Stream.of(
                new EncodePrompt(),
                new EmbeddedGuidance(),
                new CLIPVisionEncode(),
                new EmptyVideoLatent(),
                new ImageToVideo(),
                new SampleVideo(),
                new LowNoiseExpert(),
                new ExportONNX(),
                new BuildTensorRTEngine(),
                new TeaCache(),
                new MagCache(),
                new EasyCache(),
                new FBCache(),
                new ObserveSignals(),
                new FitTeaCache(),
                new CalibrateMagCache());
    }

    private static Stream<Node<?, ?>> video() {
        return Stream.of(
                new DecodeVAE(),
                new EncodeVAE(),
                new LoadLatent(),
                new LoadImage(),
                new SaveVideo(),
                new PreviewVideo(),
                new CompareVideos(),
                new ComparisonSheet());
    }

    private static Stream<Node<?, ?>> reports() {
        return Stream.of(
                new QuantizationReport(),
                new ErrorCurves(),
                new ActivationHeatMap(),
                new BitTimeline(),
                new AddMethod(),
                new ReportCard(),
                new GPUReport(),
                new Sweep(),
                new VBenchQuality());
    }
}
