//! The domain `ai.onnx.ml`: what converters make of scikit-learn pipelines and
//! of boosted trees.

mod array_feature_extractor;
mod binarizer;
mod encoder;
mod feature_vectorizer;
mod imputer;
mod labels;
mod linear;
mod map;
mod normalizer;
mod one_hot_encoder;
mod rows;
mod scaler;
mod svm;
mod transform;
mod trees;

/// Its operators.
pub const OPERATORS: crate::Table = &[
    ("ArrayFeatureExtractor", array_feature_extractor::array_feature_extractor),
    ("Binarizer", binarizer::binarizer),
    ("CastMap", map::refused),
    ("CategoryMapper", encoder::category_mapper),
    ("DictVectorizer", map::refused),
    ("FeatureVectorizer", feature_vectorizer::feature_vectorizer),
    ("Imputer", imputer::imputer),
    ("LabelEncoder", encoder::label_encoder),
    ("LinearClassifier", linear::classifier),
    ("LinearRegressor", linear::regressor),
    ("Normalizer", normalizer::normalizer),
    ("OneHotEncoder", one_hot_encoder::one_hot_encoder),
    ("SVMClassifier", svm::classifier),
    ("SVMRegressor", svm::regressor),
    ("Scaler", scaler::scaler),
    ("TreeEnsemble", trees::ensemble),
    ("TreeEnsembleClassifier", trees::classifier),
    ("TreeEnsembleRegressor", trees::regressor),
    ("ZipMap", map::zip_map),
];
